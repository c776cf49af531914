package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import io.grpc.MethodDescriptor;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The tries of one call, one after another. Its time begins when they are made. */
final class UnaryTries<Q, R> {
  private static final Duration SHORTEST = Duration.ofMillis(1);

  private final ServiceChannels channels;
  private final Options options;
  private final MethodDescriptor<Q, R> method;
  private final Q request;
  private final String sessionId;
  private final long start = System.nanoTime();
  private int tries;
  private @Nullable SessionException unavailable;

  UnaryTries(
      ServiceChannels channels,
      Options options,
      MethodDescriptor<Q, R> method,
      Q request,
      String sessionId) {
    this.channels = channels;
    this.options = options;
    this.method = method;
    this.request = request;
    this.sessionId = sessionId;
  }

  /** Makes the next try, and those after it. */
  Single<R> next() {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    // One try never takes all the time, or a lost answer could not be asked for again.
    Duration timeout = options.deadline().dividedBy(2);
    if (left().compareTo(timeout) < 0) {
      timeout = left();
    }
    if (timeout.compareTo(SHORTEST) < 0) {
      timeout = SHORTEST;
    }
    return Connection.once(channels.unary(), method, request, timeout)
        .doOnSuccess(unused -> channels.callLine().answered())
        .onErrorResumeNext(this::afterwards);
  }

  private Single<R> afterwards(Throwable error) {
    if (channels.isClosed()) {
      return Single.error(Connection.closed());
    }
    SessionException failure = Errors.of(error, sessionId);
    channels.callLine().failed(failure);
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
    return options.deadline().minusNanos(System.nanoTime() - start);
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
                options.target(),
                options.deadline().toMillis() / 1000.0,
                failure.getMessage()),
        deadline.status().orElse(null),
        failure);
  }
}
