import { join } from "node:path";

/** Text of a file; null when it is not there or cannot be read. */
export type ReadText = (path: string) => string | null;

const CGROUPS = "/sys/fs/cgroup";
/** Where version 1 has its CPU controller: alone, together with the accounting, or both names linked. */
const V1_MOUNTS = ["cpu", "cpu,cpuacct", "cpuacct,cpu"];

/**
 * Cores whose time a container, or a service, may use: the least quota of its control group and those above it. Version
 * 2 and version 1 (kernel documentation: admin-guide/cgroup-v2.rst, `cpu.max`; scheduler/sched-bwc.rst,
 * `cpu.cfs_quota_us`).
 *
 * @returns in cores, e.g. 1.5; null when there is no quota, and where there are no control groups
 */
export function quotaOfCores(read: ReadText): number | null {
  const lines = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const quotas: number[] = [];
  for (const [hierarchy, controllers = "", ...path] of lines) {
    const group = path.join(":");
    if (hierarchy === "0") quotas.push(...aboveAnd(group).map((up) => ofVersion2(read(join(CGROUPS, up, "cpu.max")))));
    else if (controllers.split(",").includes("cpu")) {
      const folders = V1_MOUNTS.flatMap((mount) => aboveAnd(group).map((up) => join(CGROUPS, mount, up)));
      quotas.push(
        ...folders.map((at) => shareOf(read(join(at, "cpu.cfs_quota_us")), read(join(at, "cpu.cfs_period_us")))),
      );
    }
  }
  const least = Math.min(...quotas);
  return Number.isFinite(least) ? least : null;
}

/**
 * Processors that this process may be put on (`taskset`, a cpuset).
 *
 * @returns at least 1; null where the system does not say
 */
export function allowedCores(read: ReadText): number | null {
  const list = /^Cpus_allowed_list:\s*(\S+)$/mu.exec(read("/proc/self/status") ?? "")?.[1];
  if (list === undefined) return null;
  return list.split(",").reduce((cores, range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return cores + to - from + 1;
  }, 0);
}

/** A group and all above it. In a container the path may be the host's, and only the topmost is there. */
function aboveAnd(group: string): string[] {
  const names = group.split("/").filter((name) => name !== "");
  return names.map((_, index) => names.slice(0, index + 1).join("/")).concat("");
}

/** `150000 100000`, or `max 100000` for none. */
function ofVersion2(text: string | null): number {
  const [quota = "", period = ""] = (text ?? "").trim().split(/\s+/u);
  return shareOf(quota, period);
}

/** Infinite without a quota, which version 1 writes as −1. */
function shareOf(quota: string | null, period: string | null): number {
  const share = Number(quota || Number.NaN) / Number(period || Number.NaN);
  return share > 0 && Number.isFinite(share) ? share : Number.POSITIVE_INFINITY;
}
