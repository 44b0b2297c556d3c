import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const KEYS = ["blockSize", "queueDepth", "jobs", "pattern"];

test.each([
  ["block_size", "blockSize"],
  ["BLOCKSIZE", "blockSize"],
  ["queueDept", "queueDepth"],
  ["patern", "pattern"],
  ["job", "jobs"],
])("%s was probably meant to be %s", (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant);
});

test.each(["", "zz", "depth", "x".repeat(1000)])("nothing is like %s", (word) => {
  expect(nearest(word, KEYS)).toBeUndefined();
});
