/**
 * What is under way: requests and subscriptions, each with the token that it was asked with. Nothing of it is shown any more
 * once somebody else is signed in.
 */
const underWay = new Set();

/**
 * Something begins. `end(isSilent)` is called once if it has to end early, silently where nobody looks at it any more. Gives
 * what tells that it has ended by itself: true, unless it was ended before.
 */
export function begin(token, end) {
  const one = { token, end };
  underWay.add(one);
  return () => underWay.delete(one);
}

function endWhere(test, isSilent) {
  for (const one of [...underWay].filter(test)) {
    underWay.delete(one);
    one.end(isSilent);
  }
}

/** Ends what was not asked with this token. */
export const endAllBut = (token) => endWhere((one) => one.token !== token, false);

/** Ends everything that was asked in a tab which is left. */
export const endAll = () => endWhere(() => true, true);
