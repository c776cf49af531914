/** Several hosts, of which one takes writes: connections lead to that one, now and after a failover. */
import { Connection, type ConnectionOptions } from "./connection.ts";
import { failureOf, NoWritableHost } from "./errors.ts";
import type { DatabaseAddress } from "./url.ts";

export class Hosts {
  private readonly address: DatabaseAddress;
  private readonly onMove: () => void;
  /** The host that took writes last, the first to be tried. */
  private current = 0;

  /** `onMove` is called when connections begin to lead to another host than before. */
  constructor(address: DatabaseAddress, onMove: () => void = () => {}) {
    this.address = address;
    this.onMove = onMove;
  }

  /**
   * Connects to the host that takes writes. Of several, one that takes none is not used for
   * reads either: it may be behind. A single host is taken as it is.
   * @throws NoWritableHost; the driver's error of the host that took writes last
   */
  async connect(options: ConnectionOptions): Promise<Connection> {
    const { hosts } = this.address;
    if (hosts.length === 1) return Connection.open(this.address, options);
    const first = this.current;
    const failures: unknown[] = [];
    for (let tried = 0; tried < hosts.length; tried++) {
      const at = (first + tried) % hosts.length;
      try {
        const connection = await Connection.open(this.address, options, hosts[at]);
        if (!connection.readOnly) {
          this.moveTo(at);
          return connection;
        }
        await connection.end();
      } catch (error) {
        // A host that answers with a refusal is there: another one is not the way round it.
        if (failureOf(error) !== "lost") throw error;
        failures.push(error);
      }
    }
    if (failures.length < hosts.length) throw new NoWritableHost();
    throw failures[0];
  }

  private moveTo(at: number): void {
    if (this.current === at) return;
    this.current = at;
    this.onMove();
  }
}
