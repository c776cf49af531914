package dev.sessiond.tail;

import dev.sessiond.v1.StreamEventsRequest;
import io.grpc.Metadata;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Where a tail begins and how it goes on. The default begins with the first event.
 *
 * <p>Immutable: each method gives a changed copy.
 */
public final class TailOptions {
  /** From the first event on. */
  public static final TailOptions DEFAULT =
      new TailOptions(StreamEventsRequest.getDefaultInstance(), Backoff.DEFAULT, Metadata::new);

  private final StreamEventsRequest place;
  private final Backoff backoff;
  private final Supplier<Metadata> metadata;

  private TailOptions(StreamEventsRequest place, Backoff backoff, Supplier<Metadata> metadata) {
    this.place = place;
    this.backoff = backoff;
    this.metadata = metadata;
  }

  /** Goes on after the update that carried the cursor; excludes the other places. */
  public TailOptions cursor(String cursor) {
    return at(place.toBuilder().setCursor(cursor));
  }

  /** Only events after this seq. */
  public TailOptions afterSeq(long seq) {
    return at(place.toBuilder().setAfterSeq(seq));
  }

  /** Only events of the history with this timestamp or later, in seconds since 1970. */
  public TailOptions afterTime(double seconds) {
    return at(place.toBuilder().setAfterTime(seconds));
  }

  /** Only the newest n events of the history. */
  public TailOptions numRecentEvents(int number) {
    return at(place.toBuilder().setNumRecentEvents(number));
  }

  /** The uid that the session must have; needed with an afterSeq kept from an earlier run. */
  public TailOptions sessionUid(String uid) {
    return at(place.toBuilder().setSessionUid(uid));
  }

  /**
   * How long the connection may be silent before the server sends a heartbeat, 1 to 60 s; 15 s
   * where it is not set. After two and a half of what the server grants it counts as lost.
   */
  public TailOptions heartbeat(Duration interval) {
    return at(
        place.toBuilder()
            .setHeartbeatInterval(
                com.google.protobuf.Duration.newBuilder()
                    .setSeconds(interval.getSeconds())
                    .setNanos(interval.getNano())));
  }

  /** The waits between attempts. */
  public TailOptions backoff(Backoff waits) {
    return new TailOptions(place, waits, metadata);
  }

  /** Headers, asked for at every call. */
  public TailOptions metadata(Supplier<Metadata> headers) {
    return new TailOptions(place, backoff, headers);
  }

  StreamEventsRequest place() {
    return place;
  }

  Backoff backoff() {
    return backoff;
  }

  Supplier<Metadata> metadata() {
    return metadata;
  }

  private TailOptions at(StreamEventsRequest.Builder changed) {
    return new TailOptions(changed.build(), backoff, metadata);
  }
}
