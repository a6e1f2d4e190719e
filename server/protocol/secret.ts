/**
 * The documented secret that server and generators share when `HOTSHARD_SECRET` is not set, on loopback or with
 * `HOTSHARD_DEV=1` only. It protects nothing.
 */
export const DEVELOPMENT_SECRET = "hotshard-development-secret-not-for-production";
