/** Choices that a seed repeats. */
export function choices(seed) {
  let state = seed >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (most) => Math.floor(next() * most);
  return {
    below,
    chance: (part) => next() < part,
    one: (items) => items[below(items.length)],
    some: (items, most) => Array.from({ length: 1 + below(most) }, () => items[below(items.length)]),
  };
}
