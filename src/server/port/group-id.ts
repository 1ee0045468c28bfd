import { errorMessage } from "../error-message.ts";
import { readTextFile } from "../state/read-file.ts";
import { ListenError } from "./listen.ts";

/** The last two stand for "none" and "as it is". */
const MAX_GROUP_ID = 2 ** 32 - 3;
const GROUPS_FILE = "/etc/group";

/**
 * The number of a group: itself, or what /etc/group says, as images without a shell have nothing else to ask.
 *
 * @throws {ListenError} where there is no such group
 */
export function groupId(group: string): number {
  if (/^\d{1,10}$/.test(group) && Number(group) <= MAX_GROUP_ID) return Number(group);
  let text: string;
  try {
    text = readTextFile(GROUPS_FILE);
  } catch (error) {
    throw new ListenError(`--socket-group ${group}: ${errorMessage(error)}; give the number of the group`);
  }
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    if (name === group && id !== undefined && /^\d{1,10}$/.test(id)) return Number(id);
  }
  throw new ListenError(
    `--socket-group ${group}: ${GROUPS_FILE} has no such group; give its number, or add it`,
  );
}
