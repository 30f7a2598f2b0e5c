/** The Redis client of the baseline. */

import { Redis } from '@upstash/redis';

/** Configured for speed. All values are text: type guessing would change "42" into 42, and text needs no base64. */
export const redis = new Redis({
  url: process.env.UPSTASH_REDIS_REST_URL!,
  token: process.env.UPSTASH_REDIS_REST_TOKEN!,
  automaticDeserialization: false,
  responseEncoding: false,
  enableTelemetry: false,
});
