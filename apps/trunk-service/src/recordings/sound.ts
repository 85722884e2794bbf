/** The sound of one recording, wherever it is. */
export interface Sound {
  /** Of the file, bytes. */
  size: number;
  /** How much of it is read at once: what one listener takes of memory. */
  pieceBytes: number;
  /**
   * The bytes from `first` to `last`, both included.
   *
   * @throws DomainError recording-not-found, recording-unavailable
   */
  read(first: number, last: number): Promise<Uint8Array>;
}

/** The part from `first` to `last`, piece by piece: the next one is read when it is asked for. */
export async function* piecesOf(sound: Sound, first: number, last: number): AsyncGenerator<Uint8Array> {
  for (let at = first; at <= last;) {
    const piece = await sound.read(at, Math.min(last, at + sound.pieceBytes - 1));
    if (piece.length === 0) throw new Error('the recording is shorter than the call log says');
    yield piece;
    at += piece.length;
  }
}
