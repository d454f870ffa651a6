/* Remembers, for a short while, that the first key of a pair was pressed. */
export function once(milliseconds: number): { start: () => void; waiting: () => boolean } {
  let until = 0;
  return {
    start: () => {
      until = Date.now() + milliseconds;
    },
    waiting: () => {
      const yes = Date.now() < until;
      until = 0;
      return yes;
    },
  };
}
