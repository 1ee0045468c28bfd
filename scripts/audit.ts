// Asks the registry for known vulnerabilities of production packages. Exit code 0: none; 1: some; 2: it gave no answer.
import { spawnSync } from "node:child_process";

interface Report {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

const command = ["audit", "--omit=dev", "--audit-level=low", "--json"];
const { stdout, error } = spawnSync("npm", command, {
  encoding: "utf8",
  // A report that was cut would pass for none.
  maxBuffer: Number.POSITIVE_INFINITY,
  stdio: ["ignore", "pipe", "ignore"],
});
const { vulnerabilities, ...failure } = reportOf(stdout ?? "");
if (vulnerabilities === undefined) {
  const why = error?.message || failure.message || failure.error?.summary || "no report";
  print(`dependencies were NOT audited: the registry gave no answer (${why.slice(0, 200)})`);
  process.exitCode = 2;
} else {
  const found = Object.entries(vulnerabilities);
  for (const [name, { severity, range }] of found) print(`${severity}: ${name} ${range}`);
  print(`dependencies were audited: ${found.length} of them are vulnerable`);
  process.exitCode = found.length === 0 ? 0 : 1;
}

function reportOf(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
