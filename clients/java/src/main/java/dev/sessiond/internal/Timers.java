package dev.sessiond.internal;

import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Timers that cost no thread while they run. */
public final class Timers {
  private Timers() {}

  /**
   * Does something later, on a thread that may block: what follows may be the user's code.
   *
   * @return stops the timer.
   */
  public static Disposable after(Duration delay, Runnable work) {
    return Schedulers.computation()
        .scheduleDirect(
            () -> Schedulers.io().scheduleDirect(work), delay.toNanos(), TimeUnit.NANOSECONDS);
  }
}
