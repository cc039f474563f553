using 'main.bicep'

param host = 'omnibot.omnispatial.example'
param oidcIssuer = 'https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/00000000-0000-0000-0000-000000000000/'
param registry = {
  name: 'omnispatial'
  resourceGroup: 'omnispatial'
}
