// What omnibot needs in Azure: an identity without a secret, the bot's registration with the Teams channel alone, the right to
// read the registry, and, for several replicas, a PostgreSQL that takes that identity.
//
//   az deployment group create --resource-group omnibot --template-file infra/azure/main.bicep --parameters infra/azure/main.bicepparam

@description('Name of everything here; part of the PostgreSQL server\'s address, which is unique in the world.')
@minLength(3)
@maxLength(40)
param name string = 'omnibot'

param location string = resourceGroup().location

@description('Host at which Teams reaches omnibot by TLS, for example omnibot.omnispatial.example.')
param host string

@description('The AKS cluster\'s OIDC issuer: az aks show --query oidcIssuerProfile.issuerUrl')
param oidcIssuer string

@description('The service account that omnibot runs as.')
param serviceAccount object = {
  namespace: 'omnibot'
  name: 'omnibot'
}

@description('The registry that holds the application\'s images, and its resource group.')
param registry object

@description('Whether the registry\'s role assignments are by repository (ABAC), where AcrPull counts for nothing.')
param registryByRepository bool = false

@description('The one repository that omnibot reads, for example omnispatial/web. Only where assignments are by repository.')
param registryRepository string = ''

@description('Several replicas need PostgreSQL; one replica keeps its ledger in a file.')
param withDatabase bool = false

@description('The subnet delegated to Microsoft.DBforPostgreSQL/flexibleServers; needed with the database.')
param databaseSubnetId string = ''

@description('The private DNS zone of the PostgreSQL server; needed with the database.')
param databaseDnsZoneId string = ''

@description('F0 is free and limited to 10,000 messages a month on premium channels; Teams is a standard channel.')
@allowed(['F0', 'S1'])
param botSku string = 'F0'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
}

// The pod proves by its service account's token that it is this identity: there is no secret to keep or to lose.
resource trust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'aks'
  properties: {
    issuer: oidcIssuer
    subject: 'system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: name
  kind: 'azurebot'
  location: 'global'
  sku: {
    name: botSku
  }
  properties: {
    displayName: 'omnibot'
    description: 'Ships by GitOps, after a second person\'s approval.'
    endpoint: 'https://${host}/api/messages'
    // One tenant: nobody from another one gets a token for this bot.
    msaAppType: 'UserAssignedMSI'
    msaAppId: identity.properties.clientId
    msaAppTenantId: tenant().tenantId
    msaAppMSIResourceId: identity.id
    // No keys of Direct Line or Web Chat.
    disableLocalAuth: true
    isStreamingSupported: false
    schemaTransformationVersion: '1.3'
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: {
      isEnabled: true
      enableCalling: false
      acceptedTerms: true
    }
  }
}

module registryAccess 'registry-access.bicep' = {
  name: '${name}-registry-access'
  scope: resourceGroup(registry.resourceGroup)
  params: {
    registryName: registry.name
    principalId: identity.properties.principalId
    byRepository: registryByRepository
    repository: registryRepository
  }
}

module database 'database.bicep' = if (withDatabase) {
  name: '${name}-database'
  params: {
    name: name
    location: location
    subnetId: databaseSubnetId
    dnsZoneId: databaseDnsZoneId
    principalId: identity.properties.principalId
    principalName: identity.name
  }
}

@description('MICROSOFT_APP_ID of omnibot, the botId of the Teams app, and the annotation of the service account.')
output clientId string = identity.properties.clientId

@description('The object id, for Azure DevOps (add it as a user) and for Kubernetes RBAC of another cluster.')
output principalId string = identity.properties.principalId

@description('MICROSOFT_APP_TENANT_ID, and teams.tenant of omnibot.yaml.')
output tenantId string = tenant().tenantId

@description('DATABASE_URL: without a password, since omnibot shows its token.')
output databaseUrl string = withDatabase ? database.outputs.url : ''
