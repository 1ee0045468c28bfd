import assert from "node:assert/strict";
import { test } from "node:test";
import { type Input, UsageError } from "../../../src/cli/command.ts";
import { choice, required, wholeNumber } from "../../../src/cli/flag-value.ts";
import { commandHelp, programHelp } from "../../../src/cli/help.ts";
import { run } from "../../../src/cli/run.ts";
import { serve } from "../../../src/cli/serve.ts";
import { inputWith } from "../../support/input.ts";

function given(text: string | undefined): Input {
  return inputWith({
    text: () => text,
    isGiven: () => text !== undefined,
    asGiven: (flag) => `--${flag} ${text}`,
  });
}

async function ran(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  let stdout = "";
  let stderr = "";
  const code = await run(args, {
    variables,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stopped: async () => {},
    isTerminal: true,
    program: "",
    onHangup: () => {},
  });
  return { code, stdout, stderr };
}

test("a whole number is digits from 0 to the largest, and nothing else", () => {
  for (const [text, number] of [
    ["0", 0],
    ["65535", 65_535],
    ["007", 7],
  ] as const)
    assert.equal(wholeNumber(given(text), "port", 65_535), number);
  assert.equal(wholeNumber(given(undefined), "port", 65_535), undefined);
  for (const text of ["65536", "-1", "1.5", "1e3", "0x10", " 1", "1 ", "", "٣", "9".repeat(16)])
    assert.throws(() => wholeNumber(given(text), "port", 65_535), UsageError, text);
});

test("a choice is one of its words, in their own case", () => {
  const words = ["enforce", "audit"] as const;
  assert.equal(choice(given("audit"), "mode", words), "audit");
  assert.equal(choice(given(undefined), "mode", words), undefined);
  for (const text of ["Audit", "", "audit "])
    assert.throws(() => choice(given(text), "mode", words), {
      message: `\`--mode ${text}\` is none of enforce, audit`,
    });
});

test("what is required is missing when it isn't there", () => {
  assert.equal(required(given("a"), "config"), "a");
  assert.throws(() => required(given(undefined), "config"), { message: "`--config` is missing" });
});

test("the last of a flag given twice counts, and flags may stand before the command", async () => {
  const { code, stderr } = await ran(["--mode", "audit", "serve", "--mode", "lax", "--config", "a"]);
  assert.equal(code, 2);
  assert.match(stderr, /`--mode lax` is none of enforce, audit, permissive/);
});

test("a variable counts like its flag, an empty one not at all", async () => {
  const serveWith = (variables: Readonly<Record<string, string>>) =>
    ran(["serve", "--config", "none.yaml"], { TENUO_LOG_LEVEL: "silent", ...variables });
  for (const [variable, flag] of [
    ["TENUO_MODE", "mode"],
    ["TENUO_CLOCK_TOLERANCE", "clock-tolerance"],
    ["TENUO_HEALTH_PORT", "health-port"],
    ["TENUO_LOG_LEVEL", "log-level"],
  ] as const) {
    const wrong = await serveWith({ [variable]: "x" });
    assert.equal(wrong.code, 2, variable);
    assert.ok(wrong.stderr.includes(`\`${variable}=x\``), wrong.stderr);
    const beaten = await ran(["serve", "--config", "none.yaml", `--${flag}`, "y"], { [variable]: "x" });
    assert.ok(beaten.stderr.includes(`\`--${flag} y\``), beaten.stderr);
    const empty = await serveWith({ [variable]: "" });
    assert.deepEqual([empty.code, empty.stderr], [1, "none.yaml: no such file\n"], variable);
  }
});

test("what is wrong with the command line points at the help of its command", async () => {
  for (const [args, command] of [
    [["serve", "--confg", "a"], "serve "],
    [["serve", "--config"], "serve "],
    [["--mode", "lax", "serve", "--config", "a"], "serve "],
    [["--confg", "a"], ""],
    [["srve"], ""],
  ] as const) {
    const { code, stderr } = await ran(args);
    assert.equal(code, 2);
    assert.ok(stderr.endsWith(`see \`tenuo-ext-authz ${command}--help\`\n`), stderr);
  }
});

test("help lists every command, and of a command every flag", async () => {
  const help = await ran(["--help"]);
  assert.equal(help.code, 0);
  assert.ok(help.stdout.includes(programHelp([serve], {}).split("\n")[0] ?? "–"));
  const { stdout } = await ran(["serve", "--help"]);
  for (const name of Object.keys(serve.flags)) assert.ok(stdout.includes(`--${name}`), name);
  for (const { variable } of Object.values(serve.flags))
    if (variable !== undefined) assert.ok(stdout.includes(variable), variable);
  assert.ok(commandHelp(serve, {}).includes("usage: tenuo-ext-authz serve"));
});
