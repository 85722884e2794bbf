import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { OrganizationController } from './organization.controller.js';

@Module({ imports: [AccessModule], controllers: [OrganizationController] })
export class OrganizationModule {}
