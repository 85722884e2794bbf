/**
 *  Each thing that the service cannot do without: `up`, or in words why not. NATS is none: without it commands are
 *  accepted, and relayed later.
 */
export type Readiness = Readonly<Record<string, string>>;
