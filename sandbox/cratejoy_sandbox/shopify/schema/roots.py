"""Which queries and mutations of Shopify the reduced schema keeps; every type that they reach comes whole."""

from cratejoy_sandbox.shopify.lists import words

MUTATIONS = frozenset(
    words("""
    bulkOperationCancel bulkOperationRunMutation bulkOperationRunQuery customerAddTaxExemptions
    customerAddressCreate customerAddressDelete customerAddressUpdate customerCancelDataErasure customerCreate
    customerDelete customerEmailMarketingConsentUpdate customerGenerateAccountActivationUrl customerMerge
    customerPaymentMethodRemoteCreate customerPaymentMethodSendUpdateEmail customerRemoveTaxExemptions
    customerReplaceTaxExemptions customerRequestDataErasure customerSegmentMembersQueryCreate
    customerSendAccountInviteEmail customerSet customerSmsMarketingConsentUpdate customerUpdate
    customerUpdateDefaultAddress customerWhatsAppMarketingConsentUpdate dataSaleOptOut draftOrderCalculate
    draftOrderComplete draftOrderCreate draftOrderDelete draftOrderInvoiceSend draftOrderUpdate
    metafieldDefinitionCreate metafieldDefinitionDelete metafieldDefinitionPin metafieldDefinitionUnpin
    metafieldDefinitionUpdate metafieldsDelete metafieldsSet standardMetafieldDefinitionEnable orderCancel
    orderClose orderCreate orderCreateManualPayment orderCreateMandatePayment orderCustomerRemove
    orderCustomerSet orderDelete orderInvoiceSend orderMarkAsPaid orderOpen orderUpdate refundCreate
    productCreate productDelete productSet productUpdate productVariantsBulkCreate productVariantsBulkUpdate
    segmentCreate segmentDelete stagedUploadsCreate storeCreditAccountCredit storeCreditAccountDebit
    sellingPlanGroupCreate sellingPlanGroupDelete subscriptionContractActivate subscriptionContractAtomicCreate
    subscriptionContractCancel subscriptionContractPause tagsAdd tagsRemove taxSummaryCreate
    webhookSubscriptionCreate webhookSubscriptionDelete pubSubWebhookSubscriptionCreate
    """)
)

QUERIES = frozenset(
    words("""
    app bulkOperation bulkOperations currentAppInstallation currentBulkOperation customer customerAccountPage
    customerAccountPages customerByIdentifier customerMergeJobStatus customerMergePreview customerPaymentMethod
    customerSavedSearches customerSegmentMembers customerSegmentMembersQuery customerSegmentMembership customers
    customersCount draftOrder draftOrders draftOrdersCount job location locations metafieldDefinition
    metafieldDefinitionTypes metafieldDefinitions node nodes order orderByIdentifier orders ordersCount product
    productByIdentifier productVariant productVariantByIdentifier productVariants productVariantsCount products
    productsCount publicApiVersions segment segments segmentsCount sellingPlanGroup sellingPlanGroups shop
    shopifyPaymentsAccount standardMetafieldDefinitionTemplates storeCreditAccount subscriptionContract
    subscriptionContracts webhookSubscriptions webhookSubscriptionsCount
    """)
)

KEPT = {"QueryRoot": QUERIES, "Mutation": MUTATIONS}
