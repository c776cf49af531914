/**
 * Failures that a store reports. The mapper in src/rpc/status.ts is the only place
 * that turns them into statuses; engines turn driver errors into these in their
 * errors.ts, and only there.
 */

/**
 * Why a store call failed. Names are those of `ErrorReason` in the contract where one exists.
 * The message of INVALID_OWNER says what is wrong with the owner, after its name: "must be …".
 */
export type StoreErrorReason =
  | "SESSION_NOT_FOUND"
  | "SESSION_ALREADY_EXISTS"
  | "STALE_SESSION"
  | "SESSION_RECREATED"
  | "EVENT_ID_CONFLICT"
  | "BATCH_PARTLY_STORED"
  | "REQUEST_ID_CONFLICT"
  | "INVALID_OWNER"
  | "TOO_LARGE"
  | "CONTENTION"
  | "STORE_UNAVAILABLE"
  | "STORE_READ_ONLY"
  | "STORE_FULL"
  | "STORE_CLOSED"
  | "SERVER_BUSY"
  | "INTERNAL";

/**
 * A failure with a reason, a text for the caller that names no value from the
 * database, and facts (`actual_revision`, `actual_uid`, `head_seq`, `event_id`,
 * `seq`, `limit_bytes`) as the contract's ErrorInfo metadata has them. `cause` is for
 * the server's log only.
 */
export class StoreError extends Error {
  readonly reason: StoreErrorReason;
  readonly facts: Readonly<Record<string, string>>;

  constructor(
    reason: StoreErrorReason,
    message: string,
    options: { facts?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StoreError";
    this.reason = reason;
    this.facts = options.facts ?? {};
  }
}

/** A failure at start that a person must mend: printed as it is, without a stack. */
export class StartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StartError";
  }
}
