import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadGateway } from "../../../src/gateway/load.ts";
import { formatProblem } from "../../../src/gateway/problem.ts";
import { fileOf, gatewayOf } from "./call.ts";

const ROOT = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

/** Errors as `line:column: message`. */
function errorsOf(text: string): readonly string[] {
  const result = loadGateway(text, "g.yaml");
  return result.ok ? [] : result.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

function warningsOf(text: string): readonly string[] {
  const { warnings } = loadGateway(text, "g.yaml");
  return warnings.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** A file of version 2 with parts replaced. */
function withSettings(settings: string): string {
  return fileOf("", { settings });
}

function withRoutes(...routes: readonly string[]): string {
  return `version: "2"\nsettings: {}\ntools: {t: {}, u: {}}\nroutes:\n${routes.map((route) => `  - {${route}}\n`).join("")}`;
}

describe("what settings mean", () => {
  it("without any, the defaults", () => {
    const { ownHeaders, routes, ...rest } = gatewayOf("version: 2\nsettings:\ntools:\nroutes:\n");
    assert.deepEqual(rest, {
      version: 2,
      settings: {
        warrantHeader: "x-tenuo-warrant",
        popHeader: "x-tenuo-pop",
        approvalHeader: "x-tenuo-approvals",
        trustedRoots: [],
        debugMode: false,
        stripCredentials: false,
        maxBodyBytes: 2_097_152,
        maxChainLength: 16,
        maxApprovals: 16,
        allowPathParameters: false,
        bodyMediaTypes: new Set(),
        log: { redact: new Set(), sampleAllow: 1 },
      },
    });
    assert.deepEqual([...ownHeaders.names], ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"]);
    assert.equal(routes.byHost.size, 0);
  });

  it("all of them", () => {
    const { settings, version } = gatewayOf(`version: "1"
settings:
  warrant_header: X-W
  pop_header: X-P
  approval_header: X-A
  clock_tolerance_secs: 5
  trusted_roots: [" ${ROOT.toUpperCase()} "]
  trusted_issuers: ["${ROOT}"]
  debug_mode: true
  mode: audit
  strip_credentials: true
  max_body_bytes: 100
  max_chain_length: 65
  max_approvals: 128
  allow_path_parameters: true
  body_media_types: [Text/Plain, none]
  log: {redact: [actual, path, path], sample_allow: 0.01}
tools: {}
routes: []
`);
    assert.equal(version, 1);
    const { trustedRoots, ...rest } = settings;
    assert.deepEqual(
      trustedRoots.map(({ hex }) => hex),
      [ROOT],
    );
    assert.deepEqual(rest, {
      warrantHeader: "x-w",
      popHeader: "x-p",
      approvalHeader: "x-a",
      clockToleranceSeconds: 5,
      debugMode: true,
      mode: "audit",
      stripCredentials: true,
      maxBodyBytes: 100,
      maxChainLength: 65,
      maxApprovals: 128,
      allowPathParameters: true,
      bodyMediaTypes: new Set(["text/plain", "none"]),
      log: { redact: new Set(["actual", "path"]), sampleAllow: 0.01 },
    });
  });

  it("nothing in them changes after loading", () => {
    const gateway = gatewayOf(fileOf("a: {from: literal, default: [1]}"));
    assert.ok(
      Object.isFrozen(gateway) && Object.isFrozen(gateway.settings) && Object.isFrozen(gateway.routes),
    );
    assert.ok(Object.isFrozen(gateway.settings.trustedRoots));
  });
});

describe("versions", () => {
  for (const [text, version] of [
    ["1", 1],
    ["1.0", 1],
    ["1.27", 1],
    ['"1"', 1],
    ['"1.3"', 1],
    ["2", 2],
    ['"2"', 2],
  ] as const) {
    it(`${text} is version ${version}`, () => {
      assert.equal(gatewayOf(`version: ${text}\nsettings: {}\ntools: {}\nroutes: []\n`).version, version);
    });
  }
  for (const text of ["0", "3", "2.0", "1.", "1.x", "v1", "99", "true", '" 1"']) {
    it(`${text} is none`, () => {
      const errors = errorsOf(`version: ${text}\nsettings: {}\ntools: {}\nroutes: []\n`);
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? "", /^1:10: unknown version/);
    });
  }

  it("an unknown one makes no key look as if it had no effect", () => {
    const text = fileOf("a: {from: query, path: a, type: integer, allowed_values: [1]}", { version: "2.0" });
    assert.equal(errorsOf(text).length, 1);
    assert.deepEqual(warningsOf(text), []);
  });
});

describe("an error is told at its place", () => {
  const files: readonly (readonly [what: string, text: string, ...errors: string[]])[] = [
    ["an empty file", "", "1:1: the file is empty, it needs version, settings, tools, routes"],
    [
      "a file with a comment only",
      "# x\n",
      "1:1: the file is empty, it needs version, settings, tools, routes",
    ],
    ["a file that is a list", "- a\n", "1:1: a gateway file must be a map"],
    ["a missing part", "version: 2\nsettings: {}\ntools: {}\n", "1:1: missing key `routes`"],
    [
      "an unclosed list",
      "version: [1\n",
      "2:1: flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    [
      "a second document",
      "version: 2\n---\na: 1\n",
      "2:1: a second document starts here, keep one document in the file",
    ],
    ["a key that isn't text", "? [a]\n: 1\n", "1:3: a key must be plain text"],
    [
      "a key given twice",
      fileOf("a: {from: query, path: a, path: b}"),
      "4:47: `path` is given twice, remove one",
    ],
    [
      "an alias without an anchor",
      "version: *v\nsettings: {}\ntools: {}\nroutes: []\n",
      "1:10: no anchor `&v` stands before this alias",
    ],
    [
      "a name that objects reserve",
      fileOf("__proto__: {from: query, path: a}"),
      "4:21: `__proto__` can't be a name here",
    ],
    [
      "an unknown key near a known one",
      withSettings("trusted_root: []"),
      "2:12: unknown key `trusted_root`, did you mean `trusted_roots`?",
    ],
    [
      "an unknown key of another part",
      "version: 2\nmode: audit\nsettings: {}\ntools: {}\nroutes: []\n",
      "2:1: unknown key `mode` here, it belongs in `settings.mode`",
    ],
    [
      "an unknown key of a rule",
      fileOf("a: {from: literal, value: 1, default: 1}"),
      "4:40: unknown key `value`, did you mean `default`?",
    ],
    [
      "a merge key",
      fileOf("a: {<<: {from: query}, from: query, path: a}"),
      "4:25: merge keys are not supported, repeat the keys or use an alias for the whole map",
    ],
    ["a wrong kind", withSettings("debug_mode: yes"), "2:24: `debug_mode` must be `true` or `false`"],
    ["a quoted boolean", withSettings('debug_mode: "true"'), "2:24: `debug_mode` must be `true` or `false`"],
    [
      "a wrong choice",
      withSettings("mode: dry"),
      "2:18: `mode` must be one of `enforce`, `audit`, `permissive`",
    ],
    [
      "a wrong choice of a route",
      withRoutes('pattern: "/a", tool: t, mode: off'),
      "5:36: `mode` must be one of `enforce`, `audit`, `permissive`",
    ],
    [
      "a negative number",
      withSettings("clock_tolerance_secs: -1"),
      "2:34: `clock_tolerance_secs` must be at least 0",
    ],
    [
      "a fraction",
      withSettings("clock_tolerance_secs: 1.5"),
      "2:34: `clock_tolerance_secs` must be a whole number",
    ],
    ["a quoted number", withSettings('max_body_bytes: "5"'), "2:28: `max_body_bytes` must be a number"],
    ["a body bound of 0", withSettings("max_body_bytes: 0"), "2:28: `max_body_bytes` must be at least 1"],
    ["a chain of 0", withSettings("max_chain_length: 0"), "2:30: `max_chain_length` must be at least 1"],
    ["no approvals", withSettings("max_approvals: 0"), "2:27: `max_approvals` must be at least 1"],
    ["129 approvals", withSettings("max_approvals: 129"), "2:27: `max_approvals` must be at most 128"],
    ["a chain of 66", withSettings("max_chain_length: 66"), "2:30: `max_chain_length` must be at most 65"],
    [
      "a header name with a blank",
      withSettings("pop_header: X P"),
      "2:24: `X P` can't be the name of a header",
    ],
    [
      "two credentials in one header",
      withSettings("pop_header: x-tenuo-WARRANT"),
      "2:24: `x-tenuo-WARRANT` is already `warrant_header`",
    ],
    [
      "two credentials in one header, where the second has its default",
      withSettings("debug_mode: false, warrant_header: X-Tenuo-PoP"),
      "2:47: `X-Tenuo-PoP` is already `pop_header`",
    ],
    [
      "a root that is no key",
      withSettings(`trusted_roots: ["${ROOT}", 0x${ROOT}]`),
      "2:96: a trusted root must be an Ed25519 public key in 64 hex digits",
    ],
    [
      "an alias root that is no key",
      withSettings("trusted_issuers: [a]"),
      "2:30: a trusted root must be an Ed25519 public key in 64 hex digits",
    ],
    [
      "a media type that is none",
      withSettings("body_media_types: [json]"),
      "2:31: `json` must be a media type, or `none`",
    ],
    [
      "a reserved tool",
      "version: 2\nsettings: {}\ntools:\n  tenuo:x: {}\nroutes: []\n",
      "4:3: tool names under `tenuo:` are reserved, rename `tenuo:x`",
    ],
    ["a rule without a source", fileOf("a: {path: a}"), "4:24: missing key `from`"],
    ["a rule without a path", fileOf("a: {from: query}"), "4:24: missing key `path`, the query key to read"],
    ["a rule that is text", fileOf("a: b"), "4:24: `a` must be a map"],
    [
      "a source that is a map",
      fileOf("a: {from: {x: y}, path: a}"),
      "4:31: `from` must be one of `path`, `query`, `header`, `body`, `literal`",
    ],
    [
      "a source in capitals",
      fileOf("a: {from: Body, path: a}"),
      "4:31: `from` must be one of `path`, `query`, `header`, `body`, `literal`; did you mean `body`?",
    ],
    [
      "a header that can't be",
      fileOf('a: {from: header, path: "X Y"}'),
      "4:45: `X Y` can't be the name of a header",
    ],
    [
      "a tagged default",
      fileOf("a: {from: literal, default: [1, !x 2]}"),
      "4:56: a YAML tag can't stand here, quote a value to make it text",
    ],
    [
      "tags of a version, a list and a key",
      'version: !v "2"\nsettings: {!!str mode: audit}\ntools: {}\nroutes: !!seq []\n',
      "1:13: a YAML tag can't stand here, quote a value to make it text",
      "2:18: a YAML tag can't stand here, quote a value to make it text",
      "4:15: a YAML tag can't stand here, quote a value to make it text",
    ],
    [
      "a tag under an anchor, once",
      fileOf("a: &r {from: literal, default: !x 1}, b: *r"),
      "4:55: a YAML tag can't stand here, quote a value to make it text",
    ],
    [
      "patterns whose braces aren't quoted, once",
      "version: 2\nsettings: {}\ntools: {a: {}}\nroutes:\n  - {pattern: /a/{id}, tool: a}\n  - {pattern: /b/{id}, tool: a}\n",
      "5:18: unexpected flow-map-start at node end, quote a pattern that holds braces",
    ],
    [
      "patterns that start with a brace, each in its line",
      "- pattern: {id}/x\n- pattern: {id}/y\n",
      "1:16: unexpected scalar at node end, quote a pattern that holds braces",
      "2:16: unexpected scalar at node end, quote a pattern that holds braces",
    ],
    [
      "a text with a colon",
      "description: read: a file\n",
      "1:14: nested mappings are not allowed in compact mappings, quote a text that holds `: `, or check the indentation",
    ],
    [
      "a default beyond 64 bits",
      fileOf("a: {from: literal, default: {k: 9223372036854775808}}"),
      "4:53: `9223372036854775808` needs more than 64 bits, quote it to make it text",
    ],
    [
      "a short rule that reads nothing",
      "version: 2\nsettings: {}\ntools: {t: {extract: {a: a.b}}}\nroutes: []\n",
      "3:26: `a.b` must be `$.path`, `$.method`, `$.member` of the body, or a rule",
    ],
    [
      "a short rule of a wrong kind",
      "version: 2\nsettings: {}\ntools: {t: {extract: {a: [x]}}}\nroutes: []\n",
      "3:26: `a` must be text or a map",
    ],
    [
      "a fault inside a rule in short form",
      "version: 2\nsettings: {}\ntools: {t: {extract: {a: {from: query, path: a, requird: true}}}}\nroutes: []\n",
      "3:49: unknown key `requird`, did you mean `required`?",
    ],
    [
      "a rule under both names",
      "version: 2\nsettings: {}\ntools: {t: {constraints: {a: {from: query, path: a}}, extract: {a: $.a}}}\nroutes: []\n",
      "3:65: `a` has a rule already, remove one",
    ],
    [
      "an unknown tool",
      withRoutes('pattern: "/a", tool: T1'),
      "5:27: no tool is named `T1`, add it under `tools`",
    ],
    [
      "an unknown tool near a known one",
      "version: 2\nsettings: {}\ntools: {read_file: {}}\nroutes:\n  - {pattern: /a, tool: read_fle}\n",
      "5:25: no tool is named `read_fle`, did you mean `read_file`?",
    ],
    [
      "entries of lists of a wrong kind",
      "version: 2\nsettings: {trusted_roots: [[]], trusted_issuers: [{}], body_media_types: [[]]}\ntools: {t: {}}\nroutes: [7, {pattern: /a, tool: t, method: [{}]}]\n",
      "2:28: a trusted root must be text",
      "2:51: a trusted root must be text",
      "2:75: an entry of `body_media_types` must be text",
      "4:10: a route must be a map",
      "4:45: an entry of `method` must be text",
    ],
    ["a route without a pattern", withRoutes("tool: t"), "5:5: missing key `pattern`"],
    ["a route without a tool", withRoutes('pattern: "/a"'), "5:5: missing key `tool`"],
    [
      "a pattern and a prefix",
      withRoutes('pattern: "/a", path_prefix: "/a", tool: t'),
      "5:21: `pattern` and `path_prefix` say the same, keep one",
    ],
    [
      "a method that can't be",
      withRoutes('pattern: "/a", tool: t, method: [GET, "A B"]'),
      "5:44: `A B` can't be a method",
    ],
    [
      "CONNECT",
      withRoutes('pattern: "/a", tool: t, method: connect'),
      "5:38: `CONNECT` is never reached, it has no path",
    ],
    [
      "a host with a port",
      withRoutes('pattern: "/a", tool: t, host: "a:80"'),
      "5:36: `a:80` is never reached, write one host without port",
    ],
    [
      "a host with a dot at the end",
      withRoutes("pattern: /a, tool: t, host: a."),
      "5:34: `a.` is never reached, write one host without port",
    ],
    [
      "a route twice",
      withRoutes('pattern: "/a/{x}", tool: t', 'pattern: "/a/{y}", tool: u'),
      "6:5: `/a/{y}` is already mapped in line 5",
    ],
    [
      "a method twice",
      withRoutes("pattern: /a, tool: t, method: [GET, PUT]", "pattern: /a, tool: u, method: put"),
      "6:5: `PUT /a` is already mapped in line 5",
    ],
    [
      "every method beside one",
      withRoutes("pattern: /a, tool: t, method: GET", "pattern: /a, tool: u"),
      "6:5: `/a` is already mapped in line 5",
    ],
    [
      "one method beside every",
      withRoutes("pattern: /a, tool: t", "pattern: /a, tool: u, method: GET"),
      "6:5: `GET /a` is already mapped in line 5",
    ],
    [
      "a route of a host twice",
      withRoutes("pattern: /a, tool: t, host: A.b", "pattern: /a, tool: u, host: a.B"),
      "6:5: `/a` is already mapped in line 5",
    ],
    [
      "a parameter beside the rest",
      withRoutes('pattern: "/a/{x}", tool: t', 'pattern: "/a/{*x}", tool: u'),
      "6:5: `/a/{*x}` clashes with `/a/{x}` in line 5",
    ],
    [
      "the rest beside a parameter",
      withRoutes('pattern: "/a/{*x}", tool: t', 'pattern: "/a/{x}", tool: u'),
      "6:5: `/a/{x}` clashes with `/a/{*x}` in line 5",
    ],
    [
      "a pattern within a prefix's",
      withRoutes("path_prefix: /a/, tool: t", "pattern: /a/, tool: u"),
      "6:5: `/a/` is already mapped in line 5",
    ],
  ];
  for (const [what, text, ...errors] of files) it(what, () => assert.deepEqual(errorsOf(text), errors));
});

describe("a pattern that can't match is told", () => {
  const patterns: Readonly<Record<string, RegExp>> = {
    a: /never reached, a pattern starts with/,
    "*": /never reached, a pattern starts with/,
    "/a?b": /the query is no part of the path/,
    "/a%20b": /can't hold a percent escape/,
    "/{x}%20": /can't hold a percent escape/,
    "/a//b": /empty, `.` or `..` segment/,
    "//": /empty, `.` or `..` segment/,
    "/a/../b": /empty, `.` or `..` segment/,
    "/a b": /a space/,
    "/é": /a byte outside ASCII/,
    "/a;b": /holds `;`/,
    "/a#b": /holds `#`/,
    "/{x": /not closed/,
    "/x}": /not opened/,
    "/{}": /needs a name/,
    "/{*}": /needs a name/,
    "/{a/b}": /can't be the name/,
    "/{a}{b}": /one parameter only/,
    "/{*a}/b": /nothing may follow/,
    "/{*a}b": /nothing may follow/,
    "/{a}{*b}": /one parameter only/,
  };
  for (const [pattern, message] of Object.entries(patterns)) {
    it(pattern, () => {
      const errors = errorsOf(withRoutes(`pattern: "${pattern}", tool: t`));
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? "", message);
      assert.match(errors[0] ?? "", /^5:15: /);
    });
  }

  it("but a semicolon can where path parameters are allowed", () => {
    assert.deepEqual(
      errorsOf(fileOf("", { route: 'pattern: "/a;b"', settings: "allow_path_parameters: true" })),
      [],
    );
  });

  it("two parameters of one name, in version 2", () => {
    const route = 'pattern: "/{a}/{a}"';
    assert.deepEqual(errorsOf(fileOf("", { route })), ["6:15: two parameters are named `a`"]);
    assert.deepEqual(errorsOf(fileOf("", { route, version: "1" })), []);
  });
});

describe("revocation", () => {
  const key = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
  const read = (revocation: string) => {
    const loaded = loadGateway(withSettings(`revocation: ${revocation}`), "g.yaml");
    if (!loaded.ok) return assert.fail(loaded.errors.map(({ message }) => message).join("; "));
    return loaded.gateway.settings.revocation;
  };

  it("is read as written, and required unless said otherwise", () => {
    assert.deepEqual(read("{file: list.srl}"), { file: "list.srl", required: true });
    assert.deepEqual(read("{required: false, max_age_secs: 60}"), { maxAgeSeconds: 60, required: false });
    assert.deepEqual(
      read(`{signers: [${key}, "${key.toUpperCase()}"]}`)?.signers?.map(({ hex }) => hex),
      [key],
    );
  });

  const wrong: readonly (readonly [revocation: string, error: string])[] = [
    ["", "2:24: `revocation` must be a map"],
    ["list.srl", "2:24: `revocation` must be a map"],
    ["{fil: list.srl}", "2:25: unknown key `fil`, did you mean `file`?"],
    [
      "{clock_tolerance_secs: 1}",
      "2:25: unknown key `clock_tolerance_secs` here, it belongs in `settings.clock_tolerance_secs`",
    ],
    ['{file: ""}', "2:31: `file` is empty, name a file or leave it out"],
    ["{max_age_secs: 0}", "2:39: `max_age_secs` must be at least 1"],
    ['{max_age_secs: "60"}', "2:39: `max_age_secs` must be a number"],
    ["{required: maybe}", "2:35: `required` must be `true` or `false`"],
    ["{signers: []}", "2:34: `signers` is empty, name a key or leave it out for every trusted root"],
    ["{signers: [abc]}", "2:35: a signer must be an Ed25519 public key in 64 hex digits"],
  ];
  for (const [revocation, error] of wrong) {
    it(`${revocation} is an error at its place`, () => {
      assert.deepEqual(errorsOf(withSettings(`revocation: ${revocation}`)), [error]);
    });
  }
});

describe("what the log tells", () => {
  const fields =
    "`actual`, `agent_id`, `client`, `detail`, `expected`, `external_id`, `holder`, `host`, `path`, `request_hash`, `session_id`";
  const faults: readonly (readonly [log: string, error: string])[] = [
    ["{redact: [actul]}", `2:27: an entry of \`redact\` must be one of ${fields}; did you mean \`actual\`?`],
    ["{redact: [reason]}", `2:27: an entry of \`redact\` must be one of ${fields}`],
    ["{redact: actual}", "2:26: `redact` must be a list"],
    ["{sample_allow: 1.5}", "2:32: `sample_allow` must be at most 1"],
    ["{sample_allow: -0.1}", "2:32: `sample_allow` must be at least 0"],
    ["{sample_allow: 1%}", "2:32: `sample_allow` must be a number"],
    ['{sample_allow: "1"}', "2:32: `sample_allow` must be a number"],
    ["{sample: 1}", "2:18: unknown key `sample`, known here: `redact`, `sample_allow`"],
    ["{redacted: []}", "2:18: unknown key `redacted`, did you mean `redact`?"],
    ["{mode: audit}", "2:18: unknown key `mode` here, it belongs in `settings.mode`"],
    ["[actual]", "2:17: `log` must be a map"],
  ];
  for (const [log, error] of faults) {
    it(`${log} is an error at its place`, () =>
      assert.deepEqual(errorsOf(withSettings(`log: ${log}`)), [error]));
  }
});

describe("what is promised and not built is an error, never ignored", () => {
  const settings = ["replay_protection", "forward", "context_extensions"];
  for (const key of settings) {
    it(`settings.${key}`, () => {
      assert.deepEqual(errorsOf(withSettings(`${key}: {}`)), [
        `2:12: \`settings.${key}\` is not supported yet`,
      ]);
    });
  }

  it("routes[].mcp", () => {
    assert.deepEqual(errorsOf(withRoutes("pattern: /a, tool: t, mcp: true")), [
      "5:28: `routes[].mcp` is not supported yet",
    ]);
  });
});

describe("types and allowed values that can't work", () => {
  const rules: readonly (readonly [rule: string, version2: string])[] = [
    [
      "from: query, path: a, type: banana",
      "unknown type `banana`, known: string, integer, float, boolean, list",
    ],
    ["from: query, path: a, type: intger", "unknown type `intger`, did you mean `integer`?"],
    ["from: header, path: a, type: list", "`list` can't work here, a value from header is one text"],
    ["from: query, path: a, allowed_values: []", "no value is allowed, list at least one"],
    ["from: body, path: a, type: integer, allowed_values: [1, b]", "`b` can't be a value of type integer"],
    ["from: body, path: a, type: list, allowed_values: [a]", "`a` can't be a value of type list"],
    ["from: literal", "a literal needs a `default`, which is its value"],
  ];
  for (const [rule, message] of rules) {
    it(`${rule} is an error in version 2, a warning in version 1`, () => {
      const errors = errorsOf(fileOf(`a: {${rule}}`));
      assert.deepEqual(
        errors.map((error) => error.replace(/^\d+:\d+: /, "")),
        [message],
      );
      assert.deepEqual(errorsOf(fileOf(`a: {${rule}}`, { version: "1" })), []);
      assert.notDeepEqual(warningsOf(fileOf(`a: {${rule}}`, { version: "1" })), []);
    });
  }

  it("a required parameter that the pattern lacks", () => {
    const rule = "a: {from: path, path: id, required: true}";
    const message = "6:5: `a` reads the parameter `id`, which the pattern lacks";
    assert.deepEqual(errorsOf(fileOf(rule)), [message]);
    assert.deepEqual(errorsOf(fileOf(rule, { version: "1" })), []);
    assert.deepEqual(warningsOf(fileOf(rule, { version: "1" })), [message]);
  });

  it("the parameter of a prefix is known", () => {
    const file = fileOf("a: {from: path, path: rest, required: true}", { route: "path_prefix: /a/" });
    assert.deepEqual(errorsOf(file), []);
    assert.deepEqual(warningsOf(file), []);
  });
});

describe("warnings", () => {
  it("of keys without effect in version 1", () => {
    const file = fileOf("a: {from: query, path: a, type: x, allowed_values: [b]}", { version: "1" });
    assert.deepEqual(warningsOf(file), [
      "4:53: `type` has no effect in version 1, it has in version 2",
      "4:72: `allowed_values` has no effect in version 1, it has in version 2",
    ]);
  });

  it("of a default that is never used", () => {
    assert.deepEqual(warningsOf(fileOf("a: {from: query, path: a, required: true, default: 1}")), [
      "4:72: `default` is never used, as the value is required",
    ]);
  });

  it("of a default that its own rule refuses", () => {
    assert.deepEqual(warningsOf(fileOf("a: {from: literal, default: 5, type: float}")), [
      "4:49: the default is not of type float, so it is always refused",
    ]);
    assert.deepEqual(warningsOf(fileOf("a: {from: query, path: a, default: c, allowed_values: [a, b]}")), [
      "4:56: the default is not one of the allowed values, so it is always refused",
    ]);
  });

  it("of a default that JSON doesn't have", () => {
    assert.deepEqual(warningsOf(fileOf("a: {from: query, path: a, default: .inf}")), [
      "4:56: `.inf` is no value in JSON and counts as no default",
    ]);
  });

  it("are none for a file without faults", () => {
    assert.deepEqual(warningsOf(fileOf("a: {from: query, path: a, default: ~}")), []);
  });
});

it("all errors are told at once, in order of place, whatever their kind", () => {
  const text = `version: "2"
settings:
  debug_mode: yes
  trusted_roots: [zz]
  colour: red
tools:
  t:
    constraints:
      a: {from: cookie, path: a}
      b: {from: query, path: b, type: banana}
  t: {}
routes:
  - {pattern: "/a/{x", tool: t}
  - {pattern: /b, tool: nope}
  - {pattern: /c, tool: t, method: [GET]}
  - {pattern: /c, tool: t, method: [get], mode: 5}
`;
  assert.deepEqual(
    errorsOf(text).map((error) => error.replace(/: .*/, "")),
    ["3:15", "4:19", "5:3", "9:17", "10:39", "11:3", "13:15", "14:25", "16:5", "16:49"],
  );
});

describe("a problem is printed", () => {
  it("with its place, the line and a caret", () => {
    const result = loadGateway(
      "version: 2\nsettings: {debug_mode: yes}\ntools: {}\nroutes: []\n",
      "conf/g.yaml",
    );
    assert.ok(!result.ok);
    assert.equal(
      result.errors.map(formatProblem).join(""),
      "conf/g.yaml:2:24: `debug_mode` must be `true` or `false`\n" +
        "  settings: {debug_mode: yes}\n" +
        "                         ^",
    );
  });

  it("with the part of a long line around its place", () => {
    const comment = "x".repeat(500);
    const result = loadGateway(
      `{"version": "2", "k${comment}": 1, "settings": {debug_mode: 1}, "tools": {}, "routes": []}`,
      "g",
    );
    assert.ok(!result.ok);
    const problem = result.errors.find(({ message }) => message.includes("debug_mode"));
    assert.ok(problem !== undefined);
    assert.ok(problem.excerpt.length <= 120);
    assert.equal(problem.excerpt.slice(problem.caret, problem.caret + 2), "1}");
  });

  it("without keys, as a private one may be given where a public one is due", () => {
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f6".padEnd(65, "0");
    const result = loadGateway(withSettings(`trusted_roots: ["${seed}"]`), "g.yaml");
    assert.ok(!result.ok);
    const text = result.errors.map(formatProblem).join("");
    assert.match(text, /"9d61…{61}"/);
    for (let at = 4; at < 60; at += 8) assert.ok(!text.includes(seed.slice(at, at + 8)));
  });

  it("without control characters, so that a file can't steer a terminal", () => {
    const result = loadGateway('version: "\\e[31m\x1b[31m"\nsettings: {}\ntools: {}\nroutes: []\n', "g.yaml");
    assert.ok(!result.ok);
    for (const problem of result.errors)
      assert.doesNotMatch(formatProblem(problem).replaceAll("\n", ""), /\p{Cc}/u);
  });
});

describe("aliases", () => {
  it("stand for the value of their anchor, the latest before them", () => {
    const file =
      "version: 2\nsettings: {}\ntools: {t: {constraints: {a: &r {from: literal, default: &v 1}, b: *r, c: {from: literal, default: [*v, *v]}}}}\nroutes: [{pattern: /t, tool: t}]\n";
    const rules = gatewayOf(file).routes.anyHost.find("/t")?.leaf.routes.get("")?.rules ?? [];
    assert.deepEqual(
      rules.map(({ fallback }) => fallback),
      [1n, 1n, [1n, 1n]],
    );
  });

  it("that grow without end are refused, quickly", () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `    a${i + 1}: {from: literal, default: &x${i + 1} [*x${i}, *x${i}]}`,
    );
    const file = `version: 2\nsettings: {}\ntools:\n  t: {constraints: {a0: {from: literal, default: &x0 1}}}\n  u:\n   constraints:\n${levels.join("\n")}\nroutes: []\n`;
    const started = performance.now();
    assert.match(errorsOf(file)[0] ?? "", /aliases are expanded/);
    assert.ok(performance.now() - started < 2000);
  });

  it("inside their own anchor are refused", () => {
    assert.match(errorsOf("a: &x [*x]\n")[0] ?? "", /no anchor/);
  });
});

describe("no text makes loading throw", () => {
  const check = (text: string): void => {
    const result = loadGateway(text, "g.yaml");
    if (result.ok) return;
    assert.ok(result.errors.length > 0);
    for (const problem of [...result.errors, ...result.warnings]) {
      assert.ok(problem.line >= 1 && problem.column >= 1 && problem.caret >= 0);
      formatProblem(problem);
    }
  };

  it("deep nesting", () => {
    for (const piece of ["[", "{a: ", "- ", "? ", "&a [", "!!map {", "a: [", "'", '"', "|\n"]) {
      for (const times of [100, 1000, 20_000]) check(piece.repeat(times));
    }
  });

  it("nesting just below what the parser takes, in a default", () => {
    for (const depth of [100, 300, 600, 900, 1200, 2000]) {
      check(fileOf(`a: {from: literal, default: ${"[".repeat(depth)}1${"]".repeat(depth)}}`));
    }
  });

  it("arbitrary text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), check), { numRuns: 2000 });
  });

  it("a good file with pieces swapped", () => {
    const good = fileOf("a: {from: query, path: a, type: integer, default: 1}, b: {from: body, path: a.b}", {
      settings: `trusted_roots: ["${ROOT}"], mode: audit, max_body_bytes: 5`,
      route: 'pattern: "/a/{x}", method: [GET], host: a.b, constraints: {c: {from: header, path: h}}',
    });
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"',
      "&a ",
      "*a",
      "!x ",
      "~",
      "1",
      "\n",
      "  ",
      "- ",
      "<<",
      "null",
      "\u0000",
      "\ufeff",
      "#",
      "{x}",
      "true",
      "__proto__",
      "constructor",
    ];
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(12), fc.constantFrom(...pieces), (at, cut, piece) =>
        check(good.slice(0, at) + piece + good.slice(at + cut)),
      ),
      { numRuns: 3000 },
    );
  });
});
