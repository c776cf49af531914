package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import io.grpc.MethodDescriptor;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The tries of one call, one after another. */
final class UnaryTries<Q, R> {
  private static final Duration SHORTEST = Duration.ofMillis(1);

  private final Connection connection;
  private final MethodDescriptor<Q, R> method;
  private final Q request;
  private final String sessionId;
  private final long start = System.nanoTime();
  private int tries;
  private @Nullable SessionException unavailable;

  UnaryTries(Connection connection, MethodDescriptor<Q, R> method, Q request, String sessionId) {
    this.connection = connection;
    this.method = method;
    this.request = request;
    this.sessionId = sessionId;
  }

  /** Makes the next try, and those after it. */
  Single<R> next() {
    ChannelPair channels = connection.channels();
    // One try never takes all the time, or a lost answer could not be asked for again.
    Duration timeout = connection.options.deadline().dividedBy(2);
    if (left().compareTo(timeout) < 0) {
      timeout = left();
    }
    if (timeout.compareTo(SHORTEST) < 0) {
      timeout = SHORTEST;
    }
    return connection
        .once(method, request, timeout)
        .onErrorResumeNext(error -> afterwards(error, channels));
  }

  private Single<R> afterwards(Throwable error, ChannelPair channels) {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    SessionException failure = Errors.of(error, sessionId);
    Optional<Duration> pause = Pauses.before(failure, tries);
    if (failure instanceof UnavailableException) {
      unavailable = failure;
    }
    if (pause.isEmpty() || pause.get().compareTo(left()) >= 0) {
      // That the last try had little time left says less than what the one before found.
      return Single.error(told(failure));
    }
    tries++;
    return Single.timer(pause.get().toNanos(), TimeUnit.NANOSECONDS)
        .flatMap(
            unused -> {
              channels.lookAgain();
              return next();
            });
  }

  private Duration left() {
    return connection.options.deadline().minusNanos(System.nanoTime() - start);
  }

  private SessionException told(SessionException failure) {
    if (!(failure instanceof DeadlineException deadline)) {
      return failure;
    }
    if (unavailable != null) {
      return unavailable;
    }
    return new DeadlineException(
        "%s: no answer from %s within %s seconds (%s)"
            .formatted(
                method.getBareMethodName(),
                connection.options.target(),
                connection.options.deadline().toMillis() / 1000.0,
                failure.getMessage()),
        deadline.status().orElse(null),
        failure);
  }
}
