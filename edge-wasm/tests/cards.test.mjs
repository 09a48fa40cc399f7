// The card rule against the table of another project: for every beginning of four digits and every length, a number with a
// valid check digit is rejected if some card network may issue it.
//
//   ORDERMILL_PACKAGE   folder of the built package, ../target/edge/package unless set

import assert from "node:assert/strict";
import { resolve } from "node:path";
import test from "node:test";

import cards from "credit-card-type";

import { order } from "./support/bodies.mjs";
import { packageFolder } from "./support/install.mjs";

const edge = await import(resolve(packageFolder, "node.js"));

const networks = Object.values(cards.types).map((type) => cards.getTypeInfo(type));

/** Whether a pattern, a beginning or a range of them, can continue the four digits. */
function mayContinue(pattern, four) {
  const [from, to] = [pattern].flat().length === 2 ? pattern : [pattern, pattern];
  const digits = String(from).length;
  const low = Number(four.padEnd(8, "0"));
  const high = Number(four.padEnd(8, "9"));
  return from * 10 ** (8 - digits) <= high && (to + 1) * 10 ** (8 - digits) > low;
}

/**
 * Whether the reference lists the number. Left out: Maestro and UnionPay numbers of fewer than 16 digits, and a Maestro
 * range within Visa's.
 */
function isListed(four, length) {
  const lengthsOf = ({ type, lengths }) => (["maestro", "unionpay"].includes(type) ? lengths.filter((known) => known >= 16) : lengths);
  const patternsOf = ({ patterns }) => patterns.filter((pattern) => pattern !== 493698);
  return networks.some((network) => lengthsOf(network).includes(length) && patternsOf(network).some((pattern) => mayContinue(pattern, four)));
}

/** Numbers that only our table has: JCB cards of 15 digits, and RuPay. */
function isOurs(four, length) {
  if (["1800", "2131"].includes(four)) return length === 15;
  return length === 16 && four >= "8164" && four <= "8299";
}

function withCheckDigit(digits) {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return digits + ((10 - (sum % 10)) % 10);
}

/** The positions of the numbers that are card numbers, in one order with many items. */
function rejected(numbers) {
  const body = order((created) => {
    const [item] = created.items;
    created.items = [];
    for (let start = 0; start < numbers.length; start += 90) {
      const meta = Object.fromEntries(numbers.slice(start, start + 90).map((number, place) => [`n${start + place}`, number]));
      created.items.push({ ...item, meta });
    }
  });
  const { orders: [{ violations }], omitted } = edge.validateOrder(Buffer.from(body));
  assert.equal(omitted, 0);
  assert.ok(violations.every(({ code }) => code === "CARD_NUMBER"), JSON.stringify(violations.slice(0, 2)));
  return new Set(violations.map(({ pointer }) => Number(pointer.split("/n").at(-1))));
}

test("a card number is what another project's table lists, with the stated exceptions", () => {
  const cases = [];
  for (let prefix = 0; prefix < 10_000; prefix += 1) {
    const four = String(prefix).padStart(4, "0");
    for (let length = 12; length <= 19; length += 1) {
      cases.push({ four, length, number: withCheckDigit(four + "0123456789012345".slice(0, length - 5)) });
    }
  }
  const wrong = [];
  for (let start = 0; start < cases.length; start += 900) {
    const part = cases.slice(start, start + 900);
    const found = rejected(part.map(({ number }) => number));
    part.forEach(({ four, length, number }, place) => {
      const expected = isListed(four, length) || isOurs(four, length);
      if (found.has(place) !== expected) wrong.push(`${number}: ${expected}`);
    });
  }
  assert.equal(cases.length, 80_000);
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${cases.length}`);
});

test("no 13-digit number of a shop is a card number", () => {
  const ids = Array.from({ length: 900 }, (_, index) => withCheckDigit(String(586_570_704_999 + index * 1_234_567)));
  assert.deepEqual([...rejected(ids)], []);
});
