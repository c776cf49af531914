package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import dev.sessiond.v1.StreamEventsRequest;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The tries of reading one history, each from the start. */
final class HistoryTries {
  private static final int MOST = 4;

  private final ServiceChannels channels;
  private final Options options;
  private final StreamEventsRequest request;
  private int tries;

  HistoryTries(ServiceChannels channels, Options options, StreamEventsRequest request) {
    this.channels = channels;
    this.options = options;
    this.request = request;
  }

  /** Makes the next try, and those after it. */
  Single<History> next() {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    return HistoryReader.read(
            channels.histories(), request, options.streamIdle(), channels.historyLine()::answered)
        .onErrorResumeNext(this::afterwards);
  }

  private Single<History> afterwards(Throwable error) {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    SessionException failure = Errors.of(error, request.getKey().getSessionId());
    channels.historyLine().failed(failure);
    Optional<Duration> pause = Pauses.before(failure, tries);
    // The session was deleted and made again while it was read: read the new one.
    if (request.getSessionUid().isEmpty()
        && failure instanceof SessiondError details
        && details.reason().equals("SESSION_RECREATED")) {
      pause = Optional.of(Duration.ZERO);
    }
    tries++;
    if (pause.isEmpty() || tries == MOST) {
      return Single.error(failure);
    }
    return Single.timer(pause.get().toNanos(), TimeUnit.NANOSECONDS)
        .flatMap(
            unused -> {
              channels.lookAgain();
              return next();
            });
  }
}
