import { dirname, resolve } from "node:path";
import type { RevocationSettings } from "../gateway/gateway.ts";
import type { Revocation } from "../warrant/revocation.ts";
import {
  type ListTerms,
  type ListVersion,
  mayReplace,
  type RevocationList,
} from "../warrant/revocation-list.ts";
import { readList } from "./list-reader.ts";
import { type Floors, readFloors, writeFloors } from "./revocation-floor.ts";

/** Where a revocation list comes from, besides the settings of gateway.yaml. */
export interface RevocationSource {
  readonly configFile: string;
  /** Beats the file of the settings. */
  readonly revocationList?: string;
  /** Keeps the highest version over restarts; without one nothing is written. */
  readonly revocationFloor?: string;
}

/**
 * Reads the list that is configured, if one is, and raises the floor to it.
 *
 * @param terms who may sign where the settings name no signers, and the clock
 * @param accepted the list in force, if there is one: the new one may not go back behind it
 * @throws {Error} when it can't be used, as then nobody knows what is revoked; the message says what to do
 */
export async function loadRevocation(
  source: RevocationSource,
  settings: RevocationSettings | undefined,
  terms: ListTerms,
  accepted?: ListVersion,
): Promise<Revocation | undefined> {
  const file = listFile(source, settings);
  if (file === undefined) {
    if (accepted !== undefined) {
      throw new Error(
        `${source.configFile}: no revocation list is named, and version ${accepted.version} of one is in force; name it again, or restart to do without`,
      );
    }
    if (source.revocationFloor === undefined) return undefined;
    throw new Error(
      "--revocation-floor: no list is named whose version it could keep; name one, or leave the floor out",
    );
  }
  const { signers, maxAgeSeconds, required = true } = settings ?? {};
  const listTerms =
    signers === undefined ? terms : { ...terms, signers: new Set(signers.map(({ hex }) => hex)) };
  if (listTerms.signers.size === 0)
    throw new Error(`${file}: no key may sign the list; set a trusted root or settings.revocation.signers`);
  const list = await readList(file, listTerms);
  checkOrder(file, list, source.revocationFloor, listTerms, accepted);
  return Object.freeze({ list, required, ...(maxAgeSeconds !== undefined && { maxAgeSeconds }) });
}

function listFile(
  { configFile, revocationList }: RevocationSource,
  settings: RevocationSettings | undefined,
): string | undefined {
  if (revocationList !== undefined) return revocationList;
  if (settings?.file !== undefined) return resolve(dirname(configFile), settings.file);
  if (settings?.required !== true) return undefined;
  throw new Error(
    `${configFile}: settings.revocation requires a list and names none; set its file, --revocation-list, or required: false`,
  );
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
  if (floorFile !== undefined) writeFloors(floorFile, new Map([...floors, [list.issuer, list]]));
}

function whyBehind(version: bigint, accepted: bigint): string {
  return version < accepted
    ? `has version ${version}, but version ${accepted} was in force already; sign the list with a higher version`
    : `has the version ${version} of a list that was in force, but other ids; sign it with a higher version`;
}
