import { isDeepStrictEqual } from "node:util";
import type { Route } from "../../gateway/gateway.ts";
import { changeOf, membershipChanges } from "./change-text.ts";

/** What changed of tools and routes, by method, host and pattern. */
export function routeChanges(before: readonly Route[], after: readonly Route[]): readonly string[] {
  const [old, next] = [byPlace(before), byPlace(after)];
  const [oldTools, nextTools] = [toolsOf(before), toolsOf(after)];
  const places = [...old.keys(), ...next.keys()].sort();
  const removed = places.filter((place) => !next.has(place));
  const added = places.filter((place) => !old.has(place));
  const changed = [...new Set(places)].flatMap((place) => {
    const [was, is] = [old.get(place), next.get(place)];
    return was === undefined || is === undefined ? [] : routeChange(place, was, is);
  });
  // What a tool's own rules change is the same for each of its routes, and told once.
  const ofTools = new Set(changed.filter(({ isOfTool }) => isOfTool).map(({ text }) => text));
  return [
    ...membershipChanges("tool", oldTools, nextTools),
    ...[...ofTools].sort(),
    ...removed.map((place) => `route removed: ${place} → ${target(old.get(place))}`),
    ...added.map((place) => `route added: ${place} → ${target(next.get(place))}`),
    ...changed.filter(({ isOfTool }) => !isOfTool).map(({ text }) => text),
  ];
}

/** By method, host and pattern, as people write them. */
function byPlace(routes: readonly Route[]): ReadonlyMap<string, Route> {
  return new Map(
    routes.flatMap((route) =>
      route.methods.map((method) => [
        `${method === "" ? "any method" : method} ${route.host ?? ""}${route.pattern.text}`,
        route,
      ]),
    ),
  );
}

function toolsOf(routes: readonly Route[]): ReadonlySet<string> {
  return new Set(routes.map(({ tool }) => tool));
}

function target(route: Route | undefined): string {
  return `${route?.tool}${route?.mode === undefined ? "" : ` (mode ${route.mode})`}`;
}

interface RouteChange {
  readonly text: string;
  readonly isOfTool: boolean;
}

function routeChange(place: string, before: Route, after: Route): readonly RouteChange[] {
  const ofRoute = [
    ...changeOf(`route ${place}: tool`, before.tool, after.tool),
    ...changeOf(`route ${place}: mode`, before.mode, after.mode),
    ...changeOf(`route ${place}: allow_upgrade`, before.allowUpgrade, after.allowUpgrade),
  ].map((text) => ({ text, isOfTool: false }));
  if (before.tool !== after.tool) return ofRoute;
  const ofTool = [
    ...changeOf(`tool ${after.tool}: clearance`, before.requiredClearance, after.requiredClearance),
    ...ruleChanges(before, after).map((what) => `tool ${after.tool}: ${what}`),
  ].map((text) => ({ text, isOfTool: true }));
  return [...ofRoute, ...ofTool];
}

function ruleChanges(before: Route, after: Route): readonly string[] {
  const [old, next] = [rulesOf(before), rulesOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].sort().flatMap((argument) => {
    const [was, is] = [old.get(argument), next.get(argument)];
    if (isDeepStrictEqual(was, is)) return [];
    const how = was === undefined ? "added" : is === undefined ? "removed" : "changed";
    return `argument ${argument} ${how}`;
  });
}

function rulesOf({ rules }: Route): ReadonlyMap<string, Route["rules"][number]> {
  return new Map(rules.map((rule) => [rule.argument, rule]));
}
