/**
 * A CSI driver and its registrar for tests: volumes are folders of the driver's, mounted as it is told, or files of
 * its that loop devices make block devices of.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Struct } from '../../../schema/field.ts';
import { decoderOf, encoderOf } from '../../../runtime/grpc/channel.ts';
import {
  Capabilities,
  capability,
  csiService,
  Empty,
  ExpandRequest,
  NodeInfo,
  PluginInfo,
  PublishRequest,
  registrationService,
  RegistrationStatus,
  StageRequest,
  StatsRequest,
  UnpublishRequest,
  UnstageRequest,
  VolumeStats,
} from '../messages.ts';

export interface TestDriver {
  /** What it was asked, in order, with the paths that it was given. */
  readonly calls: readonly { readonly method: string; readonly request: Readonly<Record<string, unknown>> }[];
  /** What the agent told its registrar. */
  readonly registrations: readonly { readonly pluginRegistered: boolean; readonly error: string }[];
  /** The next call of the method fails with this text; `code` is gRPC's, 13 (internal) if absent. */
  failOnce(method: string, text: string, code?: status): void;
  /** Calls of the method are not answered until what is returned is called. */
  hang(method: string): () => void;
  stop(): void;
}

class Failure extends Error {
  readonly code: status;

  constructor(text: string, code: status = status.INTERNAL) {
    super(text);
    this.code = code;
  }
}

export interface TestDriverOptions {
  readonly name: string;
  /** The agent's. */
  readonly rootDirectory: string;
  readonly stages: boolean;
  /** Mounts for real (needs root), or only makes folders. */
  readonly mounts: boolean;
  readonly versions?: readonly string[];
  /** Numbers of `capability` beside staging. */
  readonly capabilities?: readonly number[];
  /** What it says of each volume. */
  readonly usage?: readonly object[];
}

type Handler = (request: Readonly<Record<string, unknown>>) => object | Promise<object>;

type Method = readonly [Struct, Struct, Handler];

export async function startTestDriver(options: TestDriverOptions): Promise<TestDriver> {
  const { name, rootDirectory, versions = ['1.0.0'] } = options;
  const calls: { method: string; request: Readonly<Record<string, unknown>> }[] = [];
  const registrations: { pluginRegistered: boolean; error: string }[] = [];
  const failures = new Map<string, Failure>();
  const held = new Map<string, Promise<void>>();
  const folder = join(rootDirectory, 'plugins', name);
  const registry = join(rootDirectory, 'plugins_registry');
  for (const each of [folder, registry]) mkdirSync(each, { recursive: true });
  const recorded = (method: string, act: Handler): Handler => {
    return async (request) => {
      calls.push({ method, request });
      await held.get(method);
      const failure = failures.get(method);
      failures.delete(method);
      if (failure !== undefined) throw failure;
      return act(request);
    };
  };
  const endpoint = join(folder, 'csi.sock');
  const told: Handler = (request) => {
    registrations.push(request as { pluginRegistered: boolean; error: string });
    return {};
  };
  const registrar = new Map<string, Method>([
    ['GetInfo', [Empty, PluginInfo, () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: versions })]],
    ['NotifyRegistrationStatus', [RegistrationStatus, Empty, told]],
  ]);
  const servers = [
    await serve(endpoint, csiService(), nodeMethods(options, folder, recorded)),
    await serve(join(registry, `${name}-reg.sock`), registrationService(), registrar),
  ];
  return {
    calls,
    registrations,
    failOnce: (method, text, code) => void failures.set(method, new Failure(text, code)),
    hang: (method) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(method, promise);
      return () => {
        held.delete(method);
        resolve();
      };
    },
    stop: () => {
      for (const server of servers) server.forceShutdown();
      rmSync(join(registry, `${name}-reg.sock`), { force: true });
    },
  };
}

function nodeMethods(
  { stages, mounts, capabilities = [], usage = [] }: TestDriverOptions,
  folder: string,
  recorded: (method: string, act: Handler) => Handler,
): ReadonlyMap<string, Method> {
  const content = (volume: unknown): string => {
    const path = join(folder, 'volumes', String(volume));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'volume'), String(volume));
    return path;
  };
  const devices = testDevices(folder);
  const publish: Handler = ({ targetPath, volumeId, volumeCapability }) => {
    if (isBlock(volumeCapability)) {
      if (mounts) devices.publish(String(volumeId), String(targetPath));
      else writeFileSync(String(targetPath), String(volumeId));
      return {};
    }
    mkdirSync(String(targetPath), { recursive: true });
    if (mounts) execFileSync('mount', ['--bind', content(volumeId), String(targetPath)]);
    return {};
  };
  const unpublish: Handler = ({ targetPath, volumeId }) => {
    const found = statSync(String(targetPath), { throwIfNoEntry: false });
    // CSI: what is not there any more has been unpublished.
    if (found === undefined) return {};
    if (mounts && found.isBlockDevice()) devices.unpublish(String(volumeId), String(targetPath), !stages);
    else if (mounts) execFileSync('umount', [String(targetPath)]);
    rmSync(String(targetPath), { recursive: true, force: true });
    return {};
  };
  const unstage: Handler = ({ volumeId }) => {
    if (mounts) devices.detach(String(volumeId));
    return {};
  };
  const all = [...(stages ? [capability.stage] : []), ...capabilities];
  const known: Handler = () => ({ capabilities: all.map((type) => ({ rpc: { type } })) });
  return new Map<string, Method>([
    ['NodeGetInfo', [Empty, NodeInfo, () => ({ nodeId: 'node-id', maxVolumesPerNode: 7 })]],
    ['NodeGetCapabilities', [Empty, Capabilities, known]],
    ['NodeStageVolume', [StageRequest, Empty, recorded('stage', () => ({}))]],
    ['NodeUnstageVolume', [UnstageRequest, Empty, recorded('unstage', unstage)]],
    ['NodePublishVolume', [PublishRequest, Empty, recorded('publish', publish)]],
    ['NodeUnpublishVolume', [UnpublishRequest, Empty, recorded('unpublish', unpublish)]],
    ['NodeExpandVolume', [ExpandRequest, Empty, recorded('expand', () => ({}))]],
    ['NodeGetVolumeStats', [StatsRequest, VolumeStats, recorded('stats', () => ({ usage }))]],
  ]);
}

const isBlock = (volumeCapability: unknown): boolean =>
  (volumeCapability as { readonly block?: object } | undefined)?.block !== undefined;

/** Volumes that are devices. All of it may be asked for again. */
function testDevices(folder: string) {
  const fileOf = (volume: string): string => join(folder, 'devices', volume);
  const deviceOf = (volume: string): string =>
    execFileSync('losetup', ['-j', fileOf(volume), '-O', 'NAME', '-n'], { encoding: 'utf8' }).trim();
  const detach = (volume: string): void => {
    const device = existsSync(fileOf(volume)) ? deviceOf(volume) : '';
    if (device !== '') execFileSync('losetup', ['-d', device]);
  };
  return {
    detach,
    publish(volume: string, target: string): void {
      const file = fileOf(volume);
      mkdirSync(dirname(file), { recursive: true });
      if (!existsSync(file)) {
        writeFileSync(file, volume);
        truncateSync(file, 1 << 20);
      }
      if (deviceOf(volume) === '') execFileSync('losetup', ['-f', file]);
      if (statSync(target, { throwIfNoEntry: false })?.isBlockDevice() === true) return;
      writeFileSync(target, '');
      execFileSync('mount', ['--bind', deviceOf(volume), target]);
    },
    unpublish(volume: string, target: string, detaches: boolean): void {
      execFileSync('umount', [target]);
      rmSync(target);
      if (detaches) detach(volume);
    },
  };
}

async function serve(socket: string, service: string, methods: ReadonlyMap<string, Method>): Promise<Server> {
  rmSync(socket, { force: true });
  const server = new Server();
  const definition = Object.fromEntries(
    [...methods].map(([method, [request, answer]]) => [
      method,
      {
        path: `/${service}/${method}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: encoderOf(request),
        requestDeserialize: decoderOf(request),
        responseSerialize: encoderOf(answer),
        responseDeserialize: decoderOf(answer),
      },
    ]),
  );
  const handlers = Object.fromEntries(
    [...methods].map(([method, [, , handle]]) => [
      method,
      (call: ServerUnaryCall<Record<string, unknown>, object>, done: sendUnaryData<object>) => {
        void (async () => {
          try {
            done(null, await handle(call.request));
          } catch (error) {
            const { message, code } = error instanceof Failure ? error : new Failure((error as Error).message);
            done({ code, details: message });
          }
        })();
      },
    ]),
  );
  server.addService(definition, handlers);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return server;
}
