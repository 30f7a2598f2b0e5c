/** The client of conversation-store: conversations on the device, synchronised with the server. */

export { StoreError, type StoreErrorDetails } from './errors.js';
