/** Browser storage that may be switched off: reading then gives null and writing does nothing. */
function guarded(area) {
  return {
    get(key) {
      try {
        return globalThis[area].getItem(key);
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        globalThis[area].setItem(key, value);
      } catch {
        // The choice then lasts until the page is left.
      }
    },
    remove(key) {
      try {
        globalThis[area].removeItem(key);
      } catch {
        // As above.
      }
    },
  };
}

export const lasting = guarded("localStorage");
export const forThisVisit = guarded("sessionStorage");
