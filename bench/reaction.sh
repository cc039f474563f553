#!/usr/bin/env bash
# The same job by hand-written script, as a good engineer would write it: what cannot be watched is polled, pods are left to
# kubectl rollout status. Tells when it has noticed what.
set -euo pipefail

mark() { printf '%s %s\n' "$1" "$(date +%s.%N)"; }
azure() { curl -fsS -u ":$AZURE_TOKEN" -H 'content-type: application/json' "$@"; }
github() { curl -fsS -H "authorization: Bearer $GITHUB_TOKEN" -H 'content-type: application/json' "$@"; }

commit=$(azure "$PROJECT/_apis/git/repositories/web/refs?filter=heads/main&api-version=7.1" | jq -r '.value[0].objectId')
wish=$(jq -n --arg commit "$commit" --arg environment "$ENVIRONMENT" \
  '{resources: {repositories: {self: {refName: "refs/heads/main", version: $commit}}}, templateParameters: {environment: $environment}}')
run=$(azure -d "$wish" "$PROJECT/_apis/pipelines/12/runs?api-version=7.1" | jq -r .id)
mark "id:$run"
until [ "$(azure "$PROJECT/_apis/build/builds/$run?api-version=7.1" | jq -r .status)" = completed ]; do sleep "$POLL"; done
mark run

tag=$ENVIRONMENT-$run
branch=deploy-$tag
file=clusters/operations/$ENVIRONMENT/helm-release.yaml
head=$(github "$REPOSITORY/git/ref/heads/main" | jq -r .object.sha)
github -d "{\"ref\":\"refs/heads/$branch\",\"sha\":\"$head\"}" "$REPOSITORY/git/refs" >/dev/null
content=$(github "$REPOSITORY/contents/$file?ref=$head")
changed=$(jq -r .content <<<"$content" | base64 -d | sed -E "s/^( *tag: ).*/\1$tag/" | base64 -w0)
jq -n --arg content "$changed" --arg sha "$(jq -r .sha <<<"$content")" --arg branch "$branch" --arg message "Deploy $tag" \
  '{content: $content, sha: $sha, branch: $branch, message: $message}' |
  github -X PUT -d @- "$REPOSITORY/contents/$file" >/dev/null
number=$(github -d "{\"title\":\"Deploy $tag\",\"head\":\"$branch\",\"base\":\"main\"}" "$REPOSITORY/pulls" | jq -r .number)
github -X PUT -d '{"merge_method":"squash"}' "$REPOSITORY/pulls/$number/merge-async" >/dev/null
until [ "$(github "$REPOSITORY/pulls/$number" | jq -r .merged)" = true ]; do sleep "$POLL"; done
mark merge

kubectl -n flux-system annotate --overwrite gitrepository gitops "reconcile.fluxcd.io/requestedAt=$(date +%s%N)" >/dev/null
live() { kubectl -n "$NAMESPACE" get helmrelease omnispatial-web -o json |
  jq -r --arg tag "$tag" '.spec.values.image.tag == $tag and .status.observedGeneration == .metadata.generation'; }
until [ "$(live)" = true ]; do sleep "$POLL"; done
until kubectl -n "$NAMESPACE" get deployment omnispatial-web -o json | grep -q ":$tag\""; do sleep "$POLL"; done
kubectl -n "$NAMESPACE" rollout status deployment/omnispatial-web --timeout=120s >/dev/null
mark ready
until kubectl -n "$NAMESPACE" get helmrelease omnispatial-web -o json |
  jq -e '(.status.observedGeneration == .metadata.generation) and any(.status.conditions[]; .type == "Ready" and .status == "True")' >/dev/null; do sleep "$POLL"; done
mark release
