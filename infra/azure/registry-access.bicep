// The right to read manifests and tags, and nothing more.

param registryName string
param principalId string
param byRepository bool
param repository string

// Built-in roles; the same ids in every tenant.
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var repositoryReader = 'b93aa761-3e63-49ed-ac28-beffa264f7ac'
var role = byRepository ? repositoryReader : acrPull

// A registry with assignments by repository lets this one be read; without it, the whole registry.
var onlyThatRepository = '((!(ActionMatches{\'Microsoft.ContainerRegistry/registries/repositories/content/read\'}) AND !(ActionMatches{\'Microsoft.ContainerRegistry/registries/repositories/metadata/read\'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase \'${repository}\'))'
var conditional = byRepository && !empty(repository)

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, principalId, role)
  scope: registry
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    condition: conditional ? onlyThatRepository : null
    conditionVersion: conditional ? '2.0' : null
  }
}
