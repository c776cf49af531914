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

  private final Connection connection;
  private final StreamEventsRequest request;
  private int tries;

  HistoryTries(Connection connection, StreamEventsRequest request) {
    this.connection = connection;
    this.request = request;
  }

  /** Makes the next try, and those after it. */
  Single<History> next() {
    ChannelPair channels = connection.channels();
    return HistoryReader.read(channels.streams(), request, connection.options.streamIdle())
        .onErrorResumeNext(error -> afterwards(error, channels));
  }

  private Single<History> afterwards(Throwable error, ChannelPair channels) {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    SessionException failure = Errors.of(error, request.getKey().getSessionId());
    Optional<Duration> pause = Pauses.before(failure, tries);
    // The session was deleted and made again while it was read: read the new one.
    if (failure instanceof SessiondError details && details.reason().equals("SESSION_RECREATED")) {
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
