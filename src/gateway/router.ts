import type { Pattern } from "./pattern.ts";

/** What is mapped to one pattern, whatever the names of its parameters. */
export interface Leaf<Route> {
  /** Routes by method; the empty text stands for every method. */
  readonly routes: Map<string, Route>;
}

export interface Found<Route> {
  readonly leaf: Leaf<Route>;
  /** Values of the pattern's parameters, in order. */
  readonly values: readonly string[];
}

/**
 * Finds the one pattern a path belongs to. At each segment fixed text wins over a parameter, a longer prefix
 * over a shorter one, then a longer suffix, and `{*rest}` comes last; where a choice leads nowhere the next is
 * tried. A node is reached on one way only, so a path costs at most one visit for each node of the tree.
 */
export class Router<Route> {
  readonly #root: Node<Route> = newNode();

  /** The leaf of a pattern, made when there is none; undefined when it clashes with the other pattern told. */
  leaf(pattern: Pattern): Leaf<Route> | { readonly clash: Leaf<Route> } {
    let node = this.#root;
    let leaf: Leaf<Route> | undefined;
    for (const [i, { prefix, suffix, kind }] of pattern.segments.entries()) {
      const last = i === pattern.segments.length - 1;
      if (kind === "static") {
        node = getOrAdd(node.fixed, prefix, newNode<Route>);
        continue;
      }
      const group = longestFirst(node.prefixes, prefix, newGroup<Route>);
      if (kind === "rest") {
        const single = lookUp(group.suffixes, "")?.leaf;
        if (single !== undefined) return { clash: single };
        group.rest ??= { routes: new Map() };
        leaf = group.rest;
      } else {
        if (last && suffix === "" && group.rest !== undefined) return { clash: group.rest };
        node = longestFirst(group.suffixes, suffix, newNode<Route>);
      }
    }
    if (leaf !== undefined) return leaf;
    node.leaf ??= { routes: new Map() };
    return node.leaf;
  }

  find(path: string): Found<Route> | undefined {
    const values: string[] = [];
    const leaf = descend(this.#root, path, 1, values);
    return leaf === undefined ? undefined : { leaf, values };
  }
}

interface Node<Route> {
  readonly fixed: Map<string, Node<Route>>;
  readonly prefixes: ByLength<Group<Route>>;
  leaf?: Leaf<Route>;
}

/** Parameters that follow one prefix in a segment. */
interface Group<Route> {
  readonly suffixes: ByLength<Node<Route>>;
  rest?: Leaf<Route>;
}

/** Entries by text, one table for each length of text, longest first. */
type ByLength<Entry> = { readonly length: number; readonly entries: Map<string, Entry> }[];

function newNode<Route>(): Node<Route> {
  return { fixed: new Map(), prefixes: [] };
}

function newGroup<Route>(): Group<Route> {
  return { suffixes: [] };
}

function descend<Route>(
  node: Node<Route>,
  path: string,
  start: number,
  values: string[],
): Leaf<Route> | undefined {
  const slash = path.indexOf("/", start);
  const segment = path.slice(start, slash < 0 ? path.length : slash);
  const enter = (child: Node<Route> | undefined): Leaf<Route> | undefined => {
    if (child === undefined) return undefined;
    return slash < 0 ? child.leaf : descend(child, path, slash + 1, values);
  };
  const fixed = enter(node.fixed.get(segment));
  if (fixed !== undefined) return fixed;
  for (const { length, entries } of node.prefixes) {
    const group = entries.get(segment.slice(0, length));
    if (group === undefined) continue;
    for (const suffix of group.suffixes) {
      const end = segment.length - suffix.length;
      if (end <= length) continue;
      const child = suffix.entries.get(segment.slice(end));
      if (child === undefined) continue;
      values.push(segment.slice(length, end));
      const leaf = enter(child);
      if (leaf !== undefined) return leaf;
      values.pop();
    }
    if (group.rest !== undefined && path.length > start + length) {
      values.push(path.slice(start + length));
      return group.rest;
    }
  }
  return undefined;
}

function lookUp<Entry>(tables: ByLength<Entry>, key: string): Entry | undefined {
  return tables.find(({ length }) => length === key.length)?.entries.get(key);
}

function longestFirst<Entry>(tables: ByLength<Entry>, key: string, make: () => Entry): Entry {
  let table = tables.find(({ length }) => length === key.length);
  if (table === undefined) {
    table = { length: key.length, entries: new Map() };
    tables.push(table);
    tables.sort((a, b) => b.length - a.length);
  }
  return getOrAdd(table.entries, key, make);
}

function getOrAdd<Entry>(entries: Map<string, Entry>, key: string, make: () => Entry): Entry {
  const known = entries.get(key);
  if (known !== undefined) return known;
  const added = make();
  entries.set(key, added);
  return added;
}
