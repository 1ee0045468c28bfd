import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { revocationListBytes } from "../../warrant/revocation-file.ts";
import {
  isUsable,
  type ListTerms,
  parseRevocationList,
  type RevocationList,
  type UnusableList,
} from "../../warrant/revocation-list.ts";

/** What larger ones take, requests would have to wait for; up to here it is a millisecond or two. */
const MAX_BYTES_HERE = 32_768;

/**
 * Reads the signed list in the content of a file. A large one is read by another thread: the largest takes more than a
 * second.
 *
 * @throws {Error} that names the file and says why the list can't be used
 */
export async function readList(file: string, content: Uint8Array, terms: ListTerms): Promise<RevocationList> {
  const list =
    content.length <= MAX_BYTES_HERE ? parse(content, terms) : await parseAside({ content, terms });
  if (!isUsable(list)) throw new Error(`${file}: ${list.unusable}`);
  return Object.freeze(list);
}

interface Job {
  readonly content: Uint8Array;
  readonly terms: ListTerms;
}

type Outcome = RevocationList | UnusableList;

function parse(content: Uint8Array, terms: ListTerms): Outcome {
  const bytes = revocationListBytes(content);
  if (bytes === undefined)
    return { unusable: "is neither a signed revocation list nor one in standard base64" };
  return parseRevocationList(bytes, terms);
}

async function parseAside(job: Job): Promise<Outcome> {
  // This very file: its name and ending differ between the sources and what is built of them.
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { listJob: job } });
  try {
    // A thread that ends without a word, as one that ran out of memory may, must not be waited for.
    const outcome = await Promise.race([once(worker, "message"), once(worker, "exit")]);
    const [list] = outcome as [Outcome | number];
    if (typeof list === "number") throw new Error("the thread that reads the list ended without a result");
    return list;
  } finally {
    void worker.terminate();
  }
}

/** Set in the thread that {@link parseAside} starts, and nowhere else. */
const { listJob } = (workerData ?? {}) as { readonly listJob?: Job };
if (listJob !== undefined) parentPort?.postMessage(parse(listJob.content, listJob.terms));
