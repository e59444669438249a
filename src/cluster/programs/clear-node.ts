/** Stops a further node's pods; run in that node's namespaces. Prints how many there were. */
import { keepAlive, systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { layoutOf } from '../layout.ts';
import { clearNode } from '../machine/teardown.ts';
import { knownSettings } from '../settings/settings.ts';

const [, , clusterName = '', dataDir = '', nodeName = ''] = process.argv;
const layout = layoutOf(clusterName, dataDir);
const settings = knownSettings(layout);
if (settings === undefined) throw new Error(`there is no cluster ${clusterName} in ${dataDir}`);
const release = keepAlive();
const environment = { layout, clock: systemClock, random: systemRandom, programs: import.meta.dirname };
process.stdout.write(`${await clearNode(environment, settings, nodeName)}\n`);
release();
