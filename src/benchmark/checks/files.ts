/** 1.1 and 4.1: who may read and change the files of the control plane and of the nodes. */
import { absent, fail, pass, several, type Check, type Outcome } from '../check.ts';
import type { Facts, FileFact, FilePurpose } from '../facts.ts';

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

function filesOf({ files }: Facts, purposes: readonly FilePurpose[]): readonly FileFact[] {
  return files.filter(({ purpose }) => purposes.includes(purpose));
}

/** No file has a permission that `most` does not have. Folders may be entered by whoever may read them. */
function modes(purposes: readonly FilePurpose[], most: number): Check['look'] {
  return (facts) => {
    const files = filesOf(facts, purposes);
    const allowed = (file: FileFact): number => (file.directory ? most | ((most & 0o444) >> 2) : most);
    const open = files.filter((file) => (file.mode & ~allowed(file)) !== 0);
    if (open.length === 0) return seen(files, `at most ${octal(most)}`);
    return fail(
      several(open.map(({ path, mode }) => `${path} has mode ${octal(mode)}`)),
      several(open.map((file) => `chmod ${octal(file.mode & allowed(file))} ${file.path}`)),
    );
  };
}

function owners(purposes: readonly FilePurpose[]): Check['look'] {
  return (facts) => {
    const files = filesOf(facts, purposes);
    const foreign = files.filter(({ uid, gid }) => uid !== 0 || gid !== 0);
    if (foreign.length === 0) return seen(files, 'of root:root');
    return fail(
      several(foreign.map(({ path, uid, gid }) => `${path} belongs to ${uid}:${gid}`)),
      several(foreign.map(({ path }) => `chown root:root ${path}`)),
    );
  };
}

function seen(files: readonly FileFact[], what: string): Outcome {
  if (files.length === 0) return { verdict: 'not-applicable', found: 'there is no such file', remedy: '' };
  return pass(
    `${files.length === 1 ? '1 file is' : `${files.length} files are`} ${what}: ${several(
      files.map(({ path }) => path),
      3,
    )}`,
  );
}

const inProcess = 'it runs within the server process, under the settings that 1.1.1 looks at';
const noService =
  'agents are started by `coracle up`, from the settings that 1.1.1 looks at; no service file starts them';

export const controlPlaneFiles: readonly Check[] = [
  { id: '1.1.1', title: "The API server's settings are at most 600", look: modes(['settings'], 0o600) },
  { id: '1.1.2', title: "The API server's settings are root's", look: owners(['settings']) },
  absent('1.1.3', "The controller manager's pod specification is at most 600", inProcess),
  absent('1.1.4', "The controller manager's pod specification is root's", inProcess),
  absent('1.1.5', "The scheduler's pod specification is at most 600", inProcess),
  absent('1.1.6', "The scheduler's pod specification is root's", inProcess),
  absent('1.1.7', "The store's pod specification is at most 600", inProcess),
  absent('1.1.8', "The store's pod specification is root's", inProcess),
  { id: '1.1.9', title: 'Network interface configurations are at most 600', look: modes(['network'], 0o600) },
  { id: '1.1.10', title: "Network interface configurations are root's", look: owners(['network']) },
  { id: '1.1.11', title: "The store's folder is at most 700", look: modes(['store'], 0o700) },
  { id: '1.1.12', title: "The store's folder is root's, as whom the server runs", look: owners(['store']) },
  { id: '1.1.13', title: "The administrator's credentials are at most 600", look: modes(['administrator'], 0o600) },
  { id: '1.1.14', title: "The administrator's credentials are root's", look: owners(['administrator']) },
  absent('1.1.15', 'scheduler.conf is at most 600', 'the scheduler reaches the API in process: it has no credentials'),
  absent('1.1.16', "scheduler.conf is root's", 'the scheduler reaches the API in process: it has no credentials'),
  absent(
    '1.1.17',
    'controller-manager.conf is at most 600',
    'controllers reach the API in process: they have no credentials',
  ),
  absent(
    '1.1.18',
    "controller-manager.conf is root's",
    'controllers reach the API in process: they have no credentials',
  ),
  {
    id: '1.1.19',
    title: "The folder of keys and certificates, and all in it, is root's",
    look: owners(['pki', 'certificate', 'key']),
  },
  { id: '1.1.20', title: 'Certificates are at most 644', look: modes(['certificate'], 0o644) },
  { id: '1.1.21', title: 'Keys are at most 600', look: modes(['key'], 0o600) },
];

export const nodeFiles: readonly Check[] = [
  absent('4.1.1', "The kubelet's service file is at most 600", noService),
  absent('4.1.2', "The kubelet's service file is root's", noService),
  { id: '4.1.3', title: "The service proxy's credentials are at most 600", look: modes(['proxy'], 0o600) },
  { id: '4.1.4', title: "The service proxy's credentials are root's", look: owners(['proxy']) },
  { id: '4.1.5', title: "The kubelet's credentials are at most 600", look: modes(['node'], 0o600) },
  { id: '4.1.6', title: "The kubelet's credentials are root's", look: owners(['node']) },
  { id: '4.1.7', title: 'The certificate authority file is at most 644', look: modes(['authority'], 0o644) },
  { id: '4.1.8', title: "The certificate authority file is root's", look: owners(['authority']) },
  { id: '4.1.9', title: "The kubelet's configuration is at most 600", look: modes(['settings'], 0o600) },
  { id: '4.1.10', title: "The kubelet's configuration is root's", look: owners(['settings']) },
];
