import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Loaded into every measured process before anything else (`--import`): writes its cost when the process ends. The
 * peak is Linux's own mark for this program; `maxRSS` would count the process that started it as well.
 */
process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const usage = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMib: Number(kib) / 1024 };
  writeFileSync(process.env.BENCH_USAGE_FILE ?? '', JSON.stringify(usage));
});
