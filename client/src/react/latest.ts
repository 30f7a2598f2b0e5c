/** A hook that drops the results of promises that a newer one has replaced. */

import { useCallback, useRef } from 'react';

/** Passes a promise's value on, unless a newer one was asked for meanwhile or nobody is there any more. */
export function useLatest() {
  const current = useRef(0);
  return useCallback(<Value>(promise: Promise<Value>, take: (value: Value) => void, fail = (_: unknown) => {}) => {
    current.current += 1;
    const own = current.current;
    const isCurrent = () => own === current.current;
    promise.then(
      (value) => isCurrent() && take(value),
      (error) => isCurrent() && fail(error),
    );
    return () => {
      if (isCurrent()) current.current += 1;
    };
  }, []);
}
