/** What `.local/mesh.json` says of a running mesh, so that scripts find it. Holds keys: mode 0600. */
export interface MeshFile {
  /** Base URL of the API. */
  api: string;
  nats: string;
  /** The database of the event store. */
  postgres: string;
  bootstrapKey: string;
  /** The organisation that `npm start` and `npm run dev` make at their first start; null in a mesh of a test. */
  organizationId: string | null;
  adminKey: string | null;
  bridges: MeshBridge[];
}

export interface MeshBridge {
  id: string;
  pool: string;
  sip: { host: string; port: number };
  esl: { host: string; port: number; password: string };
  freeswitch: 'real' | 'stand-in';
  /** Where the stand-in takes calls (`npm run call`), on the loopback; null for a real FreeSWITCH. */
  controlPort: number | null;
  /** FreeSWITCH's configuration directory; the agent's files are in its folder `trunkmesh`. */
  confDir: string;
}

/** Kept between two starts, so that the second finds the data, the keys and the addresses of the first. Mode 0600. */
export interface MeshSettings {
  bootstrapKey: string;
  /** The key ring that seals SIP passwords; without it they are lost. */
  secretKeys: string;
  organizationId: string | null;
  adminKey: string | null;
  /** By what they are for: `nats`, `postgres`, `api`, `trunk-service.ops`, `bridge-1.sip` … */
  ports: Record<string, number>;
  passwords: Record<string, string>;
}
