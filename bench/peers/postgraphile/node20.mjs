// Grafast uses Promise.withResolvers, which Node has from version 22 on; without it every list fails on Node 20.
Promise.withResolvers ??= function withResolvers() {
  let resolve, reject;
  const promise = new this((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
};
