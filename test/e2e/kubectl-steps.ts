/** Commands in the order in which they are given, with what kubectl prints (stdout, then stderr). */
export interface Step {
  /** Words apart by spaces; `~` is a space inside a word, NODE the cluster's node. */
  readonly args: string;
  readonly out: string | RegExp;
  readonly code?: number;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Version = '1.35' | '1.32' | '1.20';

const step = (args: string, out: string | RegExp, more: Omit<Step, 'args' | 'out'> = {}): Step => ({
  args,
  out,
  ...more,
});

export const steps = (version: Version): readonly Step[] => [
  ...looking,
  ...applying,
  ...pods,
  ...deployments(version),
  ...generators(version),
  ...nodes,
  ...deleting(version),
];

/** 1.35 says where it has deleted. */
const deleted = (version: Version, what: string): string =>
  version === '1.35' ? `${what} deleted from k135 namespace\n` : `${what} deleted\n`;

const looking: readonly Step[] = [
  step('version', /^Client Version: v1\.\d+\.\d+\nKustomize Version: v5\.\d+\.\d+\nServer Version: v1\.35\.\d+\n/),
  step('api-versions', /^apps\/v1$[^]*^batch\/v1$[^]*^v1$/m),
  step('api-resources', /^deployments +deploy +apps\/v1 +true +Deployment$/m),
  step('api-resources --namespaced=false -o name', /^nodes$/m),
  step('api-resources --api-group=networking.k8s.io', /^ingresses +ing +networking\.k8s\.io\/v1 +true +Ingress$/m),
  step('get pods', /^No resources found in k\d+ namespace\.\n$/),
  step('get nosuch', 'error: the server doesn\'t have a resource type "nosuch"\n', { code: 1 }),
  step('get pod nosuch', 'Error from server (NotFound): pods "nosuch" not found\n', { code: 1 }),
  step('get --raw /version', /"gitVersion": ?"v1\.35/),
  step('get --raw /readyz?verbose', /^\[\+\]ping ok\n[^]*readyz check passed\n$/),
  step('cluster-info', /Kubernetes control plane.* is running at /),
  step('get nodes', /^NAME +STATUS +ROLES +AGE +VERSION\nclients-1 +Ready +<none> +\S+ +v1\.35/),
  step('get crd', 'No resources found\n'),
  step('explain pod.spec.containers.image', /^KIND: +Pod\nVERSION: +v1\n\nFIELD: image <string>\n/),
  step('explain deployment --recursive', /^ {2}spec\t<DeploymentSpec>(?: -required-)?\n[^]* {4}replicas\t<integer>\n/m),
  step(
    'explain deployment.spec --output=plaintext-openapiv2',
    /^KIND: +Deployment\nVERSION: +apps\/v1\n[^]*replicas\t<integer>/,
  ),
  step('auth can-i create pods', 'yes\n'),
  step('auth whoami', /^ATTRIBUTE +VALUE\nUsername +\S+\nGroups +\[system:masters system:authenticated\]\n/),
];

const applying: readonly Step[] = [
  step('apply -f pod.yaml', 'pod/p1 created\n'),
  step('apply -f pod.yaml', 'pod/p1 unchanged\n'),
  step('apply --dry-run=server -f pod2.yaml', 'pod/p1 configured (server dry run)\n'),
  step('diff -f pod2.yaml', /^\+ {4}tier: two$/m, { code: 1 }),
  step('apply -f pod2.yaml', 'pod/p1 configured\n'),
  step('diff -f pod2.yaml', ''),
  step('apply --server-side -f pod2.yaml', 'pod/p1 serverside-applied\n'),
  step('apply view-last-applied pod/p1 -o json', /"tier": "two"/),
  step('apply set-last-applied -f pod.yaml', 'pod/p1 configured\n'),
  step('apply edit-last-applied pod/p1', 'pod/p1 edited\n', { env: { EDITOR: './labels.sh' } }),
  step(
    'create -f pod.yaml',
    'Error from server (AlreadyExists): error when creating "pod.yaml": pods "p1" already exists\n',
    {
      code: 1,
    },
  ),
  step(
    'create -f bad.yaml',
    'Error from server (BadRequest): error when creating "bad.yaml": Pod in version "v1" cannot be handled as a Pod: ' +
      'strict decoding error: unknown field "spec.restartPolcy"\n',
    { code: 1 },
  ),
  step('create --validate=warn --dry-run=server -f bad.yaml', /Warning: unknown field "spec\.restartPolcy"/),
];

const pods: readonly Step[] = [
  step('wait --for=condition=Ready pod/p1 --timeout=20s', 'pod/p1 condition met\n'),
  step('wait --for=jsonpath={.status.phase}=Running pod/p1 --timeout=5s', 'pod/p1 condition met\n'),
  step('get pods', /^NAME +READY +STATUS +RESTARTS +AGE\np1 +1\/1 +Running +0 +\S+\n$/),
  step(
    'get pods -o wide',
    /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\np1 .* clients-1 +<none> +<none>\n$/,
  ),
  step('get pods -o custom-columns=N:.metadata.name,P:.status.phase', 'N     P\np1    Running\n'),
  step('get pods --sort-by=.metadata.name -o name', 'pod/p1\n'),
  step('get pods -l app=a --chunk-size=2 -o name', 'pod/p1\n'),
  step('get pods --field-selector=status.phase=Pending', /^No resources found/),
  step('get pod p1 -o jsonpath={.spec.restartPolicy}', 'Always'),
  step('get pods --watch --request-timeout=1s -o json', /^\{\n {4}"apiVersion": "v1",\n {4}"kind": "Pod",/),
  step('describe pod p1', /^Name: +p1\nNamespace: +k\d+\n[^]*^Events:\n[^]*Scheduled/m),
  step('logs p1', 'one\ntwo\n'),
  step('logs p1 --tail=1', 'two\n'),
  step('logs -l app=a --prefix', '[pod/p1/c] one\n[pod/p1/c] two\n'),
  step('exec p1 -- echo hi', 'hi\n'),
  step('exec p1 -i -- cat', 'typed\n', { input: 'typed\n' }),
  step('exec p1 -- sh -c exit~3', 'command terminated with exit code 3\n', { code: 3 }),
  step('cp pod.yaml p1:/tmp/copy', ''),
  step('exec p1 -- head -n 2 /tmp/copy', '\napiVersion: v1\n'),
  step('label pod p1 x=y', 'pod/p1 labeled\n'),
  step('label pod p1 x=z', "error: 'x' already has a value (y), and --overwrite is false\n", { code: 1 }),
  step('label pod p1 x=z --overwrite', 'pod/p1 labeled\n'),
  step('label pod p1 x-', 'pod/p1 unlabeled\n'),
  step('annotate pod p1 a=b', 'pod/p1 annotated\n'),
  step('annotate pod p1 a-', 'pod/p1 annotated\n'),
  step('patch pod p1 -p {"metadata":{"labels":{"z":"1"}}}', 'pod/p1 patched\n'),
  step('patch pod p1 -p {"metadata":{"labels":{"z":"1"}}}', 'pod/p1 patched (no change)\n'),
  step('patch pod p1 --type=json -p [{"op":"add","path":"/metadata/labels/q","value":"1"}]', 'pod/p1 patched\n'),
  step(
    'patch pod p1 --type=json -p [{"op":"test","path":"/metadata/labels/q","value":"2"}]',
    'The request is invalid: the server rejected our request due to an error in our request\n',
    { code: 1 },
  ),
  step('patch pod p1 --type=merge -p {"metadata":{"labels":{"z":null}}}', 'pod/p1 patched\n'),
  step(
    'patch pod p1 -p {"spec":{"priority":"x"}}',
    'The request is invalid: patch: Invalid value: "map[spec:map[priority:x]]": cannot convert string to int32\n',
    { code: 1 },
  ),
  step(
    'patch pod p1 -p {"spec":{"nodeName":"x"}}',
    /^The Pod "p1" is invalid: spec: Forbidden: pod updates may not change fields other than /,
    { code: 1 },
  ),
  step('debug p1 --image=busybox --target=c --profile=general -c dbg -- true', /^Targeting container "c"/),
  step('get pod p1 -o jsonpath={.spec.ephemeralContainers[0].name}', 'dbg'),
  step('run r1 --image=busybox --restart=Never -- true', 'pod/r1 created\n'),
  step('run r2 --image=busybox --restart=Never -i --rm -q -- echo hi', /^hi\n/),
  step('events --for pod/p1', /Scheduled +Pod\/p1/),
  step('get events --field-selector=involvedObject.name=p1,reason=Started', /Started +pod\/p1/),
  step('replace --force -f pod.yaml', /pod "p1" deleted[^\n]*\npod\/p1 replaced\n$/),
];

const deployments = (version: Version): readonly Step[] => [
  step('create -f dep.yaml', 'deployment.apps/d1 created\n'),
  step('rollout status deployment/d1 --timeout=30s', /deployment "d1" successfully rolled out\n$/),
  step('get deployments', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nd1 +1\/1 +1 +1 +\S+\n$/),
  step('get all', /^NAME +READY[^]*pod\/d1-[^]*^deployment\.apps\/d1 [^]*^replicaset\.apps\/d1-/m),
  step('apply --server-side --field-manager=one -f dep.yaml', 'deployment.apps/d1 serverside-applied\n'),
  step(
    'apply --server-side --field-manager=two -f dep3.yaml',
    /^error: Apply failed with 2 conflicts: conflict with "kubectl-create" using apps\/v1: \.spec\.replicas|^error: Apply failed with 2 conflicts: /,
    { code: 1 },
  ),
  step(
    'apply --server-side --field-manager=two --force-conflicts -f dep3.yaml',
    'deployment.apps/d1 serverside-applied\n',
  ),
  step('get deploy d1 -o jsonpath={.spec.replicas}', '3'),
  step('get deploy d1 -o yaml --show-managed-fields', /manager: two\n {4}operation: Apply/),
  step('scale deployment/d1 --replicas=1', 'deployment.apps/d1 scaled\n'),
  step('scale deployment/d1 --replicas=2 --current-replicas=9', 'error: Expected replicas to be 9, was 1\n', {
    code: 1,
  }),
  step(
    'patch deployment d1 --subresource=scale --type=merge -p {"spec":{"replicas":2}}',
    /^(?:scale\.autoscaling|deployment\.apps)\/d1 patched\n$/,
  ),
  step('scale deployment/d1 --replicas=1', 'deployment.apps/d1 scaled\n'),
  step('edit deployment d1', 'deployment.apps/d1 edited\n', { env: { EDITOR: './history.sh' } }),
  step('set image deployment/d1 c=busybox:1', 'deployment.apps/d1 image updated\n'),
  step('set image deployment/d1 c=busybox', 'deployment.apps/d1 image updated\n'),
  step('set env deployment/d1 A=b', 'deployment.apps/d1 env updated\n'),
  step('set env deployment/d1 --list', '# Deployment d1, container c\nA=b\n'),
  step('set resources deployment/d1 --limits=memory=64Mi', 'deployment.apps/d1 resource requirements updated\n'),
  step('set serviceaccount deployment d1 default', 'deployment.apps/d1 serviceaccount updated\n'),
  step('rollout pause deployment/d1', 'deployment.apps/d1 paused\n'),
  step('rollout resume deployment/d1', 'deployment.apps/d1 resumed\n'),
  step('rollout restart deployment/d1', 'deployment.apps/d1 restarted\n'),
  step('rollout status deployment/d1 --timeout=40s', /deployment "d1" successfully rolled out\n$/),
  step('rollout history deployment/d1', /^deployment\.apps\/d1 \nREVISION +CHANGE-CAUSE\n[^]*\n\d+ +<none>\n/),
  step('rollout undo deployment/d1', 'deployment.apps/d1 rolled back\n'),
  step('wait --for=condition=Available deployment/d1 --timeout=30s', 'deployment.apps/d1 condition met\n'),
  step('autoscale deployment/d1 --max=5', 'horizontalpodautoscaler.autoscaling/d1 autoscaled\n'),
  step(
    'get hpa',
    /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nd1 +Deployment\/d1 +cpu: <unknown>\/80% +1 +5 /,
  ),
  step('delete hpa d1', deleted(version, 'horizontalpodautoscaler.autoscaling "d1"')),
  step('expose deployment d1 --port=80 --target-port=8080', 'service/d1 exposed\n'),
  step('describe service d1', /^Port: +<unset> +80\/TCP\nTargetPort: +8080\/TCP$/m),
  step('set selector service/d1 app=e', 'service/d1 selector updated\n'),
  step('describe deployment d1', /^Replicas: +1 desired \| 1 updated \| \d total \| \d available \| \d unavailable$/m),
  step('replace -f dep.yaml', 'deployment.apps/d1 replaced\n'),
  step('apply -k kustomized', /^configmap\/x-generated-\w+ created\ndeployment\.apps\/x-k1 created\n$/),
  step('diff -k kustomized', ''),
  step('delete -k kustomized', /deployment\.apps "x-k1" deleted/),
];

const generators = (version: Version): readonly Step[] => [
  step('create configmap cm1 --from-literal=a=b --from-file=pod.yaml', 'configmap/cm1 created\n'),
  step('get configmap cm1 -o jsonpath={.data.a}', 'b'),
  step('create secret generic s1 --from-literal=a=b', 'secret/s1 created\n'),
  step('describe secret s1', /^Type: +Opaque\n\nData\n====\na: +1 bytes\n$/m),
  step(
    'create secret docker-registry s2 --docker-server=x --docker-username=u --docker-password=p',
    'secret/s2 created\n',
  ),
  step('create job j1 --image=busybox -- true', 'job.batch/j1 created\n'),
  step('create cronjob cj1 --image=busybox --schedule=0~0~1~1~* -- true', 'cronjob.batch/cj1 created\n'),
  step('create job j2 --from=cronjob/cj1', 'job.batch/j2 created\n'),
  step('wait --for=condition=complete job/j1 --timeout=30s', 'job.batch/j1 condition met\n'),
  step('create deployment d2 --image=busybox --dry-run=server -o name', 'deployment.apps/d2\n'),
  step('create ingress i1 --rule=foo.com/*=svc1:8080', 'ingress.networking.k8s.io/i1 created\n'),
  step(
    'create poddisruptionbudget pdb1 --selector=app=none --min-available=1',
    'poddisruptionbudget.policy/pdb1 created\n',
  ),
  step('create quota q1 --hard=count/leases.coordination.k8s.io=9', 'resourcequota/q1 created\n'),
  step('create role r1 --verb=get --resource=pods --resource-name=a', 'role.rbac.authorization.k8s.io/r1 created\n'),
  step('create rolebinding rb1 --role=r1 --user=bob', 'rolebinding.rbac.authorization.k8s.io/rb1 created\n'),
  step('auth can-i get pods/a --as=bob', 'yes\n'),
  step('auth can-i get pods/b --as=bob', 'no\n', { code: 1 }),
  step(
    `create clusterrole cr${version} --verb=get,list --resource=pods,deployments.apps`,
    /^clusterrole\.rbac\S+ created\n$/,
  ),
  step(
    `create clusterrolebinding crb${version} --clusterrole=cr${version} --group=g`,
    /^clusterrolebinding\.rbac\S+ created\n$/,
  ),
  step(`create priorityclass pc${version} --value=10`, /^priorityclass\.scheduling\S+ created\n$/),
  step('create service clusterip sv1 --tcp=80:80', 'service/sv1 created\n'),
  step('create service nodeport sv2 --tcp=80', 'service/sv2 created\n'),
  step('create service loadbalancer sv3 --tcp=80', 'service/sv3 created\n'),
  step('create service externalname sv4 --external-name=a.b', 'service/sv4 created\n'),
  step('create serviceaccount sa1', 'serviceaccount/sa1 created\n'),
  step('create token sa1 --duration=10m', /^ey[\w-]+\.[\w-]+\.[\w-]+$/),
  step('get services -o wide', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\n/),
  step('get cm,secret,sa,ing,pdb,quota,cj,job,role,rolebinding', /^configmap\/cm1 +2 [^]*^secret\/s1 +Opaque +1 /m),
];

const nodes: readonly Step[] = [
  step('taint node NODE a=b:PreferNoSchedule', 'node/clients-1 tainted\n'),
  step('taint node NODE a=b:PreferNoSchedule-', 'node/clients-1 untainted\n'),
  step('describe node NODE', /^Name: +clients-1\n[^]*^Allocated resources:\n/m),
  step('cordon NODE', 'node/clients-1 cordoned\n'),
  step('drain NODE --ignore-daemonsets --force --dry-run=server', /node\/clients-1 drained \(server dry run\)\n/),
  step('uncordon NODE', 'node/clients-1 uncordoned\n'),
  step(
    'debug node/NODE --image=busybox --profile=general -- true',
    /^Creating debugging pod node-debugger-clients-1-\w+ with container debugger on node clients-1\.\n/,
  ),
];

const deleting = (version: Version): readonly Step[] => [
  step('delete deployment d1 --cascade=orphan', deleted(version, 'deployment.apps "d1"')),
  step('get replicasets -l app=d -o name', /^replicaset\.apps\/d1-/),
  step('delete replicasets -l app=d --cascade=foreground', /replicaset\.apps "d1-\w+" deleted/),
  step('delete pod p1 --now', deleted(version, 'pod "p1"')),
  step('delete pods --all --grace-period=0 --force', /^(?:Warning: Immediate deletion|pod "|No resources)/),
  step('delete secret,configmap --all', /secret "s1" deleted/),
  step('delete pod nosuch', 'Error from server (NotFound): pods "nosuch" not found\n', { code: 1 }),
  step('delete pod nosuch --ignore-not-found', ''),
];

/** kubectl 1.20: legacy discovery, OpenAPI v2 in protobuf, v1beta1 kinds, SPDY streams. */
export const olderSteps: readonly Step[] = [
  step('version --short', /^Client Version: v1\.20\.0\nServer Version: v1\.35\.\d+\n$/),
  step('api-resources', /^deployments +deploy +apps\/v1 +true +Deployment$/m),
  step('apply -f pod.yaml', 'pod/p1 created\n'),
  step('apply -f pod2.yaml', 'pod/p1 configured\n'),
  step('diff -f pod2.yaml', ''),
  step(
    'create -f bad.yaml',
    /error validating data: ValidationError\(Pod\.spec\): unknown field "restartPolcy" in io\.k8s\.api\.core\.v1\.PodSpec/,
    { code: 1 },
  ),
  step('wait --for=condition=Ready pod/p1 --timeout=20s', 'pod/p1 condition met\n'),
  step('get pods', /^NAME +READY +STATUS +RESTARTS +AGE\np1 +1\/1 +Running +0 /),
  step('exec p1 -i -- cat', 'typed\n', { input: 'typed\n' }),
  step('exec p1 -- sh -c exit~3', 'command terminated with exit code 3\n', { code: 3 }),
  step('cp pod.yaml p1:/tmp/copy', ''),
  step('logs p1', 'one\ntwo\n'),
  step('run r1 --image=busybox --restart=Never -i --rm -- echo hi', /^(?:hi$|pod "r1" deleted)/m),
  step('explain deploy.spec.replicas', /^KIND: +Deployment\nVERSION: +apps\/v1\n\nFIELD: +replicas <integer>\n/),
  step('apply -f dep.yaml', 'deployment.apps/d1 created\n'),
  step('apply --server-side --force-conflicts -f dep.yaml', 'deployment.apps/d1 serverside-applied\n'),
  step('rollout status deployment/d1 --timeout=30s', /deployment "d1" successfully rolled out\n$/),
  step('scale deployment/d1 --replicas=2', 'deployment.apps/d1 scaled\n'),
  step('autoscale deployment/d1 --max=5', 'horizontalpodautoscaler.autoscaling/d1 autoscaled\n'),
  step(
    'create cronjob cj --image=busybox --schedule=0~0~1~1~* -- true',
    /^cronjob\.batch\/cj created\nWarning: batch\/v1beta1 CronJob is deprecated in v1\.21\+, unavailable in v1\.25\+; use batch\/v1 CronJob\n$/,
  ),
  step(
    'apply -f older.yaml',
    /^ingress\.extensions\/older created\ncronjob\.batch\/older created\nWarning: extensions\/v1beta1 Ingress is deprecated in v1\.14\+, unavailable in v1\.22\+; use networking\.k8s\.io\/v1 Ingress\n/,
  ),
  step('get ing,cj', /^ingress\.networking\.k8s\.io\/older +\S+ +a\.b /m),
  step('delete -f older.yaml', /^ingress\.extensions "older" deleted\ncronjob\.batch "older" deleted\n/),
  step('auth can-i create pods', 'yes\n'),
  step('delete deployment d1 --cascade=foreground', 'deployment.apps "d1" deleted\n'),
];
