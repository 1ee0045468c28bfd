import { dirname, resolve } from "node:path";
import type { RevocationSettings } from "../../gateway/gateway.ts";
import type { Revocation } from "../../warrant/revocation.ts";
import {
  type ListTerms,
  type ListVersion,
  mayReplace,
  type RevocationList,
} from "../../warrant/revocation-list.ts";
import { readList } from "./list-reader.ts";
import type { Reading } from "./reading.ts";
import { type Floors, readFloors, writeFloors } from "./revocation-floor.ts";

/** Where a revocation list comes from, besides the settings of gateway.yaml. */
export interface RevocationSource {
  readonly configFile: string;
  /** Beats the file of the settings. */
  readonly revocationList?: string;
  /** Keeps the highest version over restarts; without one nothing is written. */
  readonly revocationFloor?: string;
}

/** A list and the terms it is used by. */
export interface ListInForce {
  readonly revocation: Revocation;
  /** Hex of the SHA-256 of the file it was read from. */
  readonly sha256: string;
}

/**
 * Which file the list is read from; undefined for none.
 *
 * @param accepted the list in force, if there is one: it never goes away
 * @throws {Error} where a list is needed and none is named
 */
export function namedList(
  { configFile, revocationList, revocationFloor }: RevocationSource,
  settings: RevocationSettings | undefined,
  accepted?: ListVersion,
): string | undefined {
  if (revocationList !== undefined) return revocationList;
  if (settings?.file !== undefined) return resolve(dirname(configFile), settings.file);
  if (settings?.required === true) {
    throw new Error(
      `${configFile}: settings.revocation requires a list and names none; set its file, --revocation-list, or required: false`,
    );
  }
  if (accepted !== undefined) {
    throw new Error(
      `${configFile}: no revocation list is named, and version ${accepted.version} of one is in force; name it again, or restart to do without`,
    );
  }
  if (revocationFloor === undefined) return undefined;
  throw new Error(
    "--revocation-floor: no list is named whose version it could keep; name one, or leave the floor out",
  );
}

/**
 * Reads the list that is configured, if one is, and raises the floor to it.
 *
 * @param terms who may sign where the settings name no signers, and the clock
 * @param inForce what the new one may not go back behind; returned again where nothing changed
 * @throws {Error} when it can't be used, as then nobody knows what is revoked; the message says what to do
 */
export async function loadRevocation(
  source: RevocationSource,
  settings: RevocationSettings | undefined,
  terms: ListTerms,
  reading: Reading,
  inForce?: ListInForce,
): Promise<ListInForce | undefined> {
  const before = inForce?.revocation;
  const file = namedList(source, settings, before?.list);
  if (file === undefined) return undefined;
  const { signers, maxAgeSeconds, required = true } = settings ?? {};
  const listTerms =
    signers === undefined ? terms : { ...terms, signers: new Set(signers.map(({ hex }) => hex)) };
  if (listTerms.signers.size === 0)
    throw new Error(`${file}: no key may sign the list; set a trusted root or settings.revocation.signers`);
  const { content, sha256 } = await reading.bytes(file);
  const isSame =
    before !== undefined && inForce?.sha256 === sha256 && listTerms.signers.has(before.list.issuer);
  const list = isSame ? before.list : await readList(file, content, listTerms);
  checkOrder(file, list, source.revocationFloor, listTerms, before?.list);
  if (isSame && before.required === required && before.maxAgeSeconds === maxAgeSeconds) return inForce;
  const revocation = { list, required, ...(maxAgeSeconds !== undefined && { maxAgeSeconds }) };
  return Object.freeze({ revocation: Object.freeze(revocation), sha256 });
}

/** Versions never go back: not behind the list in force, nor behind any that a signer's floor remembers. */
function checkOrder(
  file: string,
  list: RevocationList,
  floorFile: string | undefined,
  { signers }: ListTerms,
  accepted: ListVersion | undefined,
): void {
  const floors: Floors = floorFile === undefined ? new Map() : readFloors(floorFile);
  const remembered = [...floors].filter(([signer]) => signers.has(signer)).map(([, floor]) => floor);
  for (const floor of [accepted ?? [], remembered].flat()) {
    if (!mayReplace(floor, list)) throw new Error(`${file}: ${whyBehind(list.version, floor.version)}`);
  }
  if (floorFile === undefined) return;
  const floor = floors.get(list.issuer);
  // At start it is written all the same: better then than later it is known whether it can be.
  const isKept = floor?.version === list.version && floor.contentHash === list.contentHash;
  if (accepted !== undefined && isKept) return;
  writeFloors(floorFile, new Map([...floors, [list.issuer, list]]));
}

function whyBehind(version: bigint, accepted: bigint): string {
  return version < accepted
    ? `has version ${version}, but version ${accepted} was in force already; sign the list with a higher version`
    : `has the version ${version} of a list that was in force, but other ids; sign it with a higher version`;
}
