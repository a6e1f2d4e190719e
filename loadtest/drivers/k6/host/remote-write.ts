import { receiverOf } from "../../prometheus/receiver.ts";

/** What k6's remote write reads from the environment: histograms that can be added up, every second. */
export function remoteWrite(given: string): Record<string, string> {
  const { url, user, password } = receiverOf(given);
  return {
    K6_PROMETHEUS_RW_SERVER_URL: url,
    ...(user !== "" && { K6_PROMETHEUS_RW_USERNAME: user, K6_PROMETHEUS_RW_PASSWORD: password }),
    K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    K6_FEATURES: "native-histograms",
  };
}
