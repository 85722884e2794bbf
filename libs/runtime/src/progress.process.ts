const EVERY_MS = { terminal: 100, log: 2_000 };

export interface ShownProgress {
  show(stage: string, done: number, total: number): void;
  end(): void;
}

/**
 * An operator's command says how far it is: one line that is written over on a terminal; elsewhere a line every two
 * seconds.
 */
export function showProgress(stream: NodeJS.WriteStream): ShownProgress {
  const began = Date.now();
  let shownAt = 0;
  return {
    show: (stage, done, total) => {
      const now = Date.now();
      if (now - shownAt < (stream.isTTY ? EVERY_MS.terminal : EVERY_MS.log) && done < total) return;
      shownAt = now;
      const seconds = (now - began) / 1000;
      const left = done > 0 ? Math.ceil(((total - done) * seconds) / done) : 0;
      const text =
        `${stage}: ${done} of ${total} (${total > 0 ? Math.floor((100 * done) / total) : 100} %), ` +
        `${Math.round(done / Math.max(seconds, 0.001))} a second, ${left} s left`;
      stream.write(stream.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end: () => {
      if (stream.isTTY && shownAt > 0) stream.write('\n');
    },
  };
}
