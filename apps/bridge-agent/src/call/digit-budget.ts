/** Ten digits a second, 64 of them at once (the most that one request may have). Times in milliseconds. */
export function createDigitBudget(now: number): { spend(digits: number, now: number): boolean } {
  const most = 64;
  let left = most;
  let at = now;
  return {
    spend(digits, later) {
      left = Math.min(most, left + Math.max(0, later - at) / 100);
      at = later;
      if (left < digits) return false;
      left -= digits;
      return true;
    },
  };
}
