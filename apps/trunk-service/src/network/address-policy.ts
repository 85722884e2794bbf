/** What the installation allows as an address (ALLOW_PRIVATE_GATEWAYS). */
export interface AddressPolicy {
  allowPrivate: boolean;
}
