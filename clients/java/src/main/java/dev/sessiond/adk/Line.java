package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import com.google.common.base.Ticker;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The line before a connection: so many calls are under way at a time, the others wait.
 *
 * <p>gRPC would queue them as well, with the clock of each running: of thousands at once all would
 * run out of time together, whatever the server does. Here a call's time begins with its turn.
 */
final class Line {
  private final Turns turns;
  private final Duration patience;
  private final String target;
  private final Ticker clock;
  private volatile long answeredAt;
  private volatile @Nullable SessionException failure;

  /**
   * @param places how many calls are under way at a time.
   * @param patience after so long without any answer those that have waited so long fail.
   * @param target the server, for texts.
   */
  Line(int places, Duration patience, String target, Ticker clock) {
    turns = new Turns(places);
    this.patience = patience;
    this.target = target;
    this.clock = clock;
    answeredAt = clock.read();
  }

  /**
   * Makes a call when its turn comes. It keeps its place until it has ended, or its subscriber has
   * left.
   *
   * @param call makes it. It fails with {@link SessionException}s.
   */
  <R> Single<R> inTurn(Supplier<Single<R>> call) {
    return Single.create(
        emitter -> {
          long came = clock.read();
          emitter.setDisposable(turns.enter(Single.defer(() -> begun(call, came)), emitter));
        });
  }

  /** The server answers. */
  void answered() {
    answeredAt = clock.read();
  }

  /** A try of a call failed, which may be an answer as well. */
  void failed(SessionException error) {
    if (Errors.isAnswer(error)) {
      answered();
    }
  }

  /** Begins the calls of all who wait, which is for channels that are closed. */
  void letAllIn() {
    turns.letAllIn();
  }

  private <R> Single<R> begun(Supplier<Single<R>> call, long came) {
    long now = clock.read();
    SessionException last = failure;
    if (last != null && Math.min(now - came, now - answeredAt) >= patience.toNanos()) {
      return Single.error(inVain(last, Duration.ofNanos(now - came)));
    }
    return call.get()
        .doOnError(
            error -> {
              if (error instanceof UnavailableException || error instanceof DeadlineException) {
                failure = (SessionException) error;
              }
            });
  }

  private SessionException inVain(SessionException last, Duration waited) {
    String words =
        "waited %s seconds in line behind calls to %s that had no answer (%s)"
            .formatted(waited.toMillis() / 1000.0, target, last.getMessage());
    return last instanceof DeadlineException deadline
        ? new DeadlineException(words, deadline.status().orElse(null), last)
        : new UnavailableException(words, ((SessiondError) last).status().orElse(null), last);
  }
}
