/** What a command has to say: to programs, and to people. */
export interface View {
  json: unknown;
  text: string;
  /** The command did what it was told, and the answer is bad news: a test that failed, a number that is not ready. */
  bad?: boolean;
}
