/** The files of the sandbox's GitOps repository, as a team would have written them. */
export const releasePath = "clusters/operations/production/helm-release.yaml";

export const readme = `# gitops

What runs in the Operations cluster. Flux applies \`main\` within ten minutes, or at once when it is told.

- \`clusters/operations/production\` is what customers use.
- A deployment is a change of one line: \`image.tag\` in \`helm-release.yaml\`.
- The tag is \`production-\` and the number of the build.
`;

export const namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: omnispatial
`;

export const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - namespace.yaml
  - oci-repository.yaml
  - helm-release.yaml
`;

export const ociRepository = `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: omnispatial-web
  namespace: omnispatial
spec:
  interval: 1h
  url: oci://omnispatial.azurecr.io/charts/web
  ref:
    semver: 1.8.x
  provider: azure
`;

export const fluxKustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - gitops.yaml
  - operations.yaml
`;

export const fluxSource = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: gitops
  namespace: flux-system
spec:
  interval: 5m
  url: https://github.com/omnispatial/gitops
  ref:
    branch: main
  secretRef:
    name: gitops
`;

export const fluxOperations = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: operations
  namespace: flux-system
spec:
  interval: 10m
  retryInterval: 1m
  timeout: 5m
  path: ./clusters/operations/production
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: gitops
`;

/** helm-release.yaml as it was on its first day. The odd blank line and the quotes are as people leave them. */
export const firstRelease = `---
# The web application of OmniSpatial, production.
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: omnispatial-web
  namespace: omnispatial
spec:
  interval: 15m
  chartRef:
    kind: OCIRepository
    name: omnispatial-web
  install:
    remediation:
      retries: 3
  upgrade:
    timeout: 5m
    remediation:
      retries: 2
      strategy: rollback

  values:
    replicaCount: 3

    image:
      repository: omnispatial.azurecr.io/omnispatial/web
      tag: production-40612 # the build that is live

      pullPolicy: IfNotPresent
    # Two of three stay up while nodes are drained.
    podDisruptionBudget: { minAvailable: 2 }

    service:
      port: 8080
    env:
      ASPNETCORE_ENVIRONMENT: "Production"
      TILE_CACHE_MINUTES: '30'
      PUBLIC_URL: "https://app.omnispatial.example"   # no slash at the end
    probes:
      readiness:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 5
      liveness:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
    resources:
      requests:
        cpu: 100m
        memory: 256Mi
      limits:
        memory: 256Mi
`;
