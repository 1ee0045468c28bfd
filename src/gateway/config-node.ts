/** A place in a configuration file: what stands there, as text, and where. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

interface Located {
  /** Offset in UTF-16 units from the start of the file. */
  readonly start: number;
  /** Number of nodes in it, itself counted, aliases counted each time. */
  readonly size: number;
}

export interface ScalarNode extends Located {
  readonly kind: "scalar";
  readonly text: string;
  /** False when quoted or a block: then it is text, whatever it looks like. */
  readonly plain: boolean;
}

export interface ListNode extends Located {
  readonly kind: "list";
  readonly items: readonly ConfigNode[];
}

export interface MapNode extends Located {
  readonly kind: "map";
  readonly members: ReadonlyMap<string, Member>;
}

export interface Member {
  readonly keyStart: number;
  readonly value: ConfigNode;
}

/** Keys and list indexes from the root of a file. */
export type ConfigPath = readonly (string | number)[];

/** The node at a path, or undefined where nothing stands. */
export function nodeAt(root: ConfigNode | undefined, path: ConfigPath): ConfigNode | undefined {
  let node = root;
  for (const step of path) node = node === undefined ? undefined : childOf(node, step);
  return node;
}

/** Offset of the value at a path, or of the nearest thing around it that is there. */
export function offsetAt(root: ConfigNode | undefined, path: ConfigPath): number {
  let node = root;
  for (const step of path) {
    const child = node === undefined ? undefined : childOf(node, step);
    if (child === undefined) break;
    node = child;
  }
  return node?.start ?? 0;
}

/** Offset of the key at a path; of the value where the last step is an index. */
export function keyOffsetAt(root: ConfigNode | undefined, path: ConfigPath): number {
  const parent = nodeAt(root, path.slice(0, -1));
  const name = path.at(-1);
  const member = parent?.kind === "map" && typeof name === "string" ? parent.members.get(name) : undefined;
  return member?.keyStart ?? offsetAt(root, path);
}

function childOf(node: ConfigNode, step: string | number): ConfigNode | undefined {
  if (node.kind === "map") return node.members.get(String(step))?.value;
  return node.kind === "list" ? node.items[Number(step)] : undefined;
}
