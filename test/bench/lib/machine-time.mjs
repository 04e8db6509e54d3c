import { readFileSync } from 'node:fs';

const MICROSECONDS_PER_TICK = 10_000;

/**
 * CPU time that the whole machine has spent so far, in microseconds, what the hypervisor gave to others included. NaN
 * where there is no /proc/stat.
 */
export function machineTime() {
  try {
    const [total] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    const [user, nice, system, , , irq, softirq, steal] = total.split(/\s+/).slice(1).map(Number);
    return (user + nice + system + irq + softirq + steal) * MICROSECONDS_PER_TICK;
  } catch {
    return NaN;
  }
}
