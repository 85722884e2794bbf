/**
 * The other side of a trunk, as the tour and the whole-mesh tests need it: real SIP where FreeSWITCH is real, the
 * stand-in's otherwise.
 */
export interface MeshCarrier {
  /** What a trunk's `gateway` is to be. */
  gateway: string;
  username: string;
  password: string;
  /** The final SIP status of a call from this carrier; an answered one is hung up after `talkMs`. */
  call(call: CarrierCall): Promise<number>;
  /** The same from an address that belongs to no trunk. */
  callAsStranger(call: CarrierCall): Promise<number>;
  /** Registers again with a restarted stand-in; a real FreeSWITCH finds it over the network. */
  announce(): Promise<void>;
  close(): Promise<void>;
}

export interface CarrierCall {
  from: string;
  number: string;
  to?: string;
  headers?: Record<string, string | string[]>;
  talkMs?: number;
}
