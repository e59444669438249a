/** Tells a Node stream how an asynchronous write ended. */
export function settle(task: Promise<unknown>, done: (error?: Error | null) => void): void {
  void finish(task, done);
}

async function finish(task: Promise<unknown>, done: (error?: Error | null) => void): Promise<void> {
  try {
    await task;
  } catch (error) {
    return done(error instanceof Error ? error : new Error(String(error)));
  }
  done();
}
