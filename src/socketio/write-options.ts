/** How packets are handed to a connection. The names are those that published adapters use. */
export interface WriteOptions {
  /** Whether the packets are encoded already; everything that comes this way is. */
  preEncoded?: boolean;
  /** Dropped where the connection is not ready to send. */
  volatile?: boolean;
  compress?: boolean;
}
