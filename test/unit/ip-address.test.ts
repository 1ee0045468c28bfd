import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { containsAddress, containsNetwork, parseIpAddress, parseIpNetwork } from "../../src/ip-address.ts";

const octet = fc.nat({ max: 255 });
const hextet = fc.nat({ max: 0xffff });
const octets = fc.oneof(
  fc.array(octet, { minLength: 4, maxLength: 4 }),
  fc.array(octet, { minLength: 16, maxLength: 16 }),
);

test("what node:net takes for an address is one, and nothing else", () => {
  let addresses = 0;
  const odd = [
    "::",
    "",
    "01",
    "256",
    "00000",
    "%eth0",
    "[",
    " ",
    "/8",
    "x",
    "-1",
    "+1",
    "0x1",
    "1.2.3.4",
    "1.2.3.04",
  ];
  const piece = fc.oneof(
    octet.map(String),
    hextet.map((each) => each.toString(16)),
    fc.constantFrom(...odd),
    fc.ipV4(),
    fc.ipV6(),
  );
  const joined = (separator: string) =>
    fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(separator));
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), joined(""), joined("."), joined(":"));
  const holds = fc.property(text, (each) => {
    const address = parseIpAddress(each);
    const isAddress = isIPv4(each) || (isIPv6(each) && !each.includes("%"));
    assert.equal(address !== undefined, isAddress, each);
    if (address === undefined) return;
    addresses++;
    const [host, ours] = isIPv4(each) ? [each, address.join(".")] : [`[${each}]`, `[${spell(address)}]`];
    assert.equal(new URL(`http://${ours}`).hostname, new URL(`http://${host}`).hostname);
  });
  fc.assert(holds, { numRuns: 2000 });
  assert.ok(addresses > 400, `only ${addresses} addresses`);
});

test("an address is read to the octets it spells", () => {
  assert.deepEqual(parseIpAddress("10.0.255.1"), [10, 0, 255, 1]);
  assert.deepEqual(parseIpAddress("::1.2.3.4"), [...Array(12).fill(0), 1, 2, 3, 4]);
  assert.deepEqual(parseIpAddress("2001:DB8::ff"), [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 255]);
  fc.assert(
    fc.property(octets, (address) => {
      assert.deepEqual(parseIpAddress(spell(address)), address);
    }),
  );
});

test("only a bare address is one", () => {
  const texts = [
    "",
    "10.1",
    "010.1.2.3",
    "10.1.2.3 ",
    "10.1.2.3/32",
    "10.1.2.3:80",
    "0x7f.0.0.1",
    "2130706433",
    "[::1]",
  ];
  const more = [
    "::1%eth0",
    "::01.2.3.4",
    "::1.2.3.04",
    "1::2::3",
    "::ffff:1.2.3.4:5",
    "localhost",
    "１.2.3.4",
  ];
  for (const text of [...texts, ...more]) assert.equal(parseIpAddress(text), undefined, text);
});

test("a network is an address, with a prefix or an IPv4 mask", () => {
  const prefixes = {
    "10.5.6.7/8": 8,
    "10.0.0.0/08": 8,
    "10.0.0.0/+8": 8,
    "10.0.0.0/255.0.0.0": 8,
    "1.2.3.4": 32,
  };
  const more = { "0.0.0.0/0.0.0.0": 0, "::/0": 0, "fd00::/7": 7, "::1": 128, "::ffff:10.0.0.0/104": 104 };
  for (const [text, prefix] of Object.entries({ ...prefixes, ...more })) {
    assert.equal(parseIpNetwork(text)?.prefix, prefix, text);
  }
  const wrong = [
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    " 10.0.0.0/8",
    "10.0.0.0/8 ",
    "10.0.0/8",
  ];
  const masks = [
    "10.0.0.0/255.0.255.0",
    "10.0.0.0/0.255.0.0",
    "10.0.0.0/::",
    "::/255.0.0.0",
    "::/ffff::",
    "/8",
    "",
  ];
  for (const text of [...wrong, ...masks]) assert.equal(parseIpNetwork(text), undefined, text);
});

test("a network contains the addresses that share its prefix", () => {
  const holds = fc.property(
    octets,
    octets,
    fc.double({ min: 0, max: 1, noNaN: true }),
    (base, noise, part) => {
      const prefix = Math.floor(part * base.length * 8);
      const network = parseIpNetwork(`${spell(base)}/${prefix}`);
      assert.ok(network !== undefined);
      const mixed = base.map(
        (each, i) =>
          each ^ ((noise[i] ?? 0) & (prefix >= 8 * i + 8 ? 0 : 0xff >> Math.max(0, prefix - 8 * i))),
      );
      assert.ok(containsAddress(network, mixed));
      for (const bit of [prefix - 1, Math.floor(prefix / 2), 0].filter(
        (each) => each >= 0 && each < prefix,
      )) {
        const flipped = mixed.map((each, i) => (i === bit >> 3 ? each ^ (0x80 >> (bit & 7)) : each));
        assert.ok(!containsAddress(network, flipped), `bit ${bit}`);
      }
    },
  );
  fc.assert(holds);
});

test("families never mix", () => {
  const contains = (network: string, address: string): boolean => {
    const [outer, inner] = [parseIpNetwork(network), parseIpAddress(address)];
    assert.ok(outer !== undefined && inner !== undefined);
    return containsAddress(outer, inner);
  };
  assert.ok(contains("::ffff:10.0.0.0/104", "::ffff:10.1.2.3"));
  assert.ok(!contains("::ffff:10.0.0.0/104", "10.1.2.3"));
  assert.ok(!contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  assert.ok(!contains("0.0.0.0/0", "::"));
  assert.ok(!contains("::/0", "0.0.0.0"));
});

test("a network contains another when it contains its first and its last address", () => {
  const network = (text: string) => parseIpNetwork(text) ?? assert.fail(text);
  assert.ok(containsNetwork(network("10.0.0.0/8"), network("10.255.0.0/16")));
  assert.ok(containsNetwork(network("10.0.0.0/8"), network("10.9.9.9/8")));
  assert.ok(!containsNetwork(network("10.0.0.0/8"), network("10.0.0.0/7")));
  assert.ok(!containsNetwork(network("10.0.0.0/8"), network("11.0.0.0/16")));
  assert.ok(!containsNetwork(network("::/0"), network("0.0.0.0/0")));
});

function spell(address: readonly number[]): string {
  if (address.length === 4) return address.join(".");
  const hextets = Array.from(
    { length: 8 },
    (_, i) => (address[2 * i] as number) * 256 + (address[2 * i + 1] as number),
  );
  return hextets.map((each) => each.toString(16)).join(":");
}
