/**
 * Which organisations have new refused calls: said at once, and then once a turn while there are more, so that whoever
 * looks does not read the list again for each call that a scanner tries.
 */
export class RefusedNews {
  /** Organisations of this turn; true: there was more news since it began. */
  private readonly said = new Map<string, boolean>();

  constructor(private readonly say: (organization: string) => void) {}

  add(organization: string): void {
    const isFirst = !this.said.has(organization);
    this.said.set(organization, !isFirst);
    if (isFirst) this.say(organization);
  }

  /** The next turn begins. */
  turn(): void {
    for (const [organization, hasMore] of this.said) {
      if (hasMore) {
        this.said.set(organization, false);
        this.say(organization);
      } else this.said.delete(organization);
    }
  }
}
