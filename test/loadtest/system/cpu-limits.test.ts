import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedCores, quotaOfCores } from "../../../loadtest/system/cpu-limits.ts";

const files = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path] ?? null;

test("the quota of cores is the least of a group's and of those above it", () => {
  const rows: readonly [what: string, files: Readonly<Record<string, string>>, cores: number | null][] = [
    ["no control groups", {}, null],
    ["version 2, a container", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" }, 1.5],
    ["version 2, no quota", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }, null],
    [
      "version 2, a service whose slice has less",
      {
        "/proc/self/cgroup": "0::/a.slice/b.service\n",
        "/sys/fs/cgroup/a.slice/cpu.max": "50000 100000\n",
        "/sys/fs/cgroup/a.slice/b.service/cpu.max": "200000 100000\n",
      },
      0.5,
    ],
    [
      "version 1",
      {
        "/proc/self/cgroup": "4:memory:/\n3:cpuacct,cpu:/job\n0::/\n",
        "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "250000\n",
        "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
      },
      2.5,
    ],
    [
      "version 1, a container that sees the path of its host",
      {
        "/proc/self/cgroup": "3:cpu:/docker/4f2a:b\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      1,
    ],
    [
      "version 1, no quota",
      {
        "/proc/self/cgroup": "1:cpu:/\n0::/\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      null,
    ],
    ["a file of another kind", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "\n" }, null],
  ];
  for (const [what, texts, cores] of rows) assert.equal(quotaOfCores(files(texts)), cores, what);
});

test("the processors that a process may be put on are counted", () => {
  const status = (list: string) =>
    files({ "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t${list}\nMems:\t0\n` });
  assert.equal(allowedCores(status("0-1")), 2);
  assert.equal(allowedCores(status("3")), 1);
  assert.equal(allowedCores(status("0-3,8,10-11")), 7);
  assert.equal(allowedCores(files({})), null);
});
