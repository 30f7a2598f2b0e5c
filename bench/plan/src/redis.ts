import { Redis } from '@upstash/redis';

/**
 * The plan's client, set up for speed. All values are text: guessing at types would change "42" into 42, and base64 is
 * for what is no text.
 */
export const redis = new Redis({
  url: process.env.UPSTASH_REDIS_REST_URL!,
  token: process.env.UPSTASH_REDIS_REST_TOKEN!,
  automaticDeserialization: false,
  responseEncoding: false,
  enableTelemetry: false,
});
